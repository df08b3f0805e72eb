# SPDX-License-Identifier: MIT
# Rows 4, 5 and 22: the crew that is killed, its driver, and the reader of durable marks.
ATTACKS += $(BUILD)/docket-killer $(BUILD)/docket-marks $(BUILD)/stepclock.so

KILLER_SOURCES := tests/attack/killer.c tests/attack/crew.c tests/attack/docketd.c tests/attack/plan.c tests/lib/worklog.c
$(BUILD)/docket-killer: $(KILLER_SOURCES:%.c=$(BUILD)/obj/%.o) $(BUILD)/libdocket.so
	$(LINK_DOCKET)

$(BUILD)/docket-marks: $(BUILD)/obj/tests/attack/marks.o $(STORE:%.c=$(BUILD)/obj/%.o) \
    $(patsubst %.c,$(BUILD)/obj/%.o,$(BASE) $(NUMBERING))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread

$(BUILD)/stepclock.so: tests/lib/stepclock.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BASEFLAGS) -fvisibility=default -shared -fPIC -o $@ $<

ATTACKS += $(BUILD)/docket-wishes
$(BUILD)/docket-wishes: $(BUILD)/obj/tests/attack/wishes.o $(BUILD)/obj/tests/lib/worklog.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
