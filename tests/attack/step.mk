# SPDX-License-Identifier: MIT
# The steppers: each is linked against the shipped libdocket.so.
ATTACKS += $(BUILD)/docket-stepw $(BUILD)/docket-stepd

STEP_OBJECTS = $(patsubst %,$(BUILD)/obj/tests/attack/%.o,step $(1)) $(BUILD)/obj/tests/lib/worklog.o

$(BUILD)/docket-stepw: $(call STEP_OBJECTS,stepw stepw_ops) $(BUILD)/libdocket.so
	$(LINK_DOCKET) -ldl
$(BUILD)/docket-stepd: $(call STEP_OBJECTS,stepd stepd_crew stepd_errands stepd_ledger stepd_daemon) $(BUILD)/libdocket.so
	$(LINK_DOCKET)
