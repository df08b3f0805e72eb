# Row 16: fields that two releases read of each other, at boundary values.
SKEW_SOURCES := $(LIB_SOURCES) $(filter-out $(LIB_SOURCES),$(STORE) src/base/log.c) tests/attack/skew.c tests/attack/skew_wire.c \
                tests/attack/skew_store.c
ATTACKS += $(BUILD)/skew
$(BUILD)/skew: $(SKEW_SOURCES:%.c=$(BUILD)/obj/%.o)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread
