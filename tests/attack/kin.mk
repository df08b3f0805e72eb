# kin, namespaces and clocks: rows 10, 11 and 12.
ATTACKS += $(BUILD)/docket-kin $(BUILD)/docket-clocks

$(BUILD)/docket-kin: $(BUILD)/obj/tests/attack/kin.o $(BUILD)/obj/tests/attack/kin_cases.o \
    $(BUILD)/obj/tests/attack/kin_raw.o $(BUILD)/obj/tests/lib/worklog.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-clocks: $(BUILD)/obj/tests/attack/clocks.o $(BUILD)/obj/tests/lib/worklog.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
