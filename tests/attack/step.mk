# SPDX-License-Identifier: MIT
# The steppers: each is linked against the shipped libdocket.so.
ATTACKS += $(BUILD)/docket-stepw

$(BUILD)/docket-stepw: $(patsubst %,$(BUILD)/obj/tests/attack/%.o,step stepw stepw_ops) $(BUILD)/obj/tests/lib/worklog.o \
    $(BUILD)/libdocket.so
	$(LINK_DOCKET) -ldl
