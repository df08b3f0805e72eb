# Row 14: flips bits of a store's file.
ATTACKS += $(BUILD)/docket-damage

$(BUILD)/docket-damage: $(BUILD)/obj/tests/attack/damage.o $(patsubst %.c,$(BUILD)/obj/%.o,$(BASE) $(NUMBERING) $(STORE))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread
