# Row 7: the recorder, the takers, the judge of the images.
ATTACKS += $(BUILD)/power_shim.so $(BUILD)/docket-power-take $(BUILD)/docket-power-images

$(BUILD)/power_shim.so: tests/attack/power_shim.c tests/attack/power.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=c11 -g -O2 $(WARNINGS) -shared -fPIC -o $@ $<
$(BUILD)/docket-power-take: $(BUILD)/obj/tests/attack/power_take.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-power-images: $(patsubst %,$(BUILD)/obj/tests/attack/power_%.o,images disk judge numbers) \
    $(BUILD)/obj/tests/lib/worklog.o $(patsubst %.c,$(BUILD)/obj/%.o,$(BASE) $(NUMBERING) $(STORE))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread
ATTACKS += $(BUILD)/docket-power-errand
$(BUILD)/docket-power-errand: $(BUILD)/obj/tests/attack/power_errand.o $(BUILD)/obj/tests/attack/power_disk.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
