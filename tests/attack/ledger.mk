# Row 23: processes at record speed that are killed, and docketd with them.
ATTACKS += $(BUILD)/docket-ledger-attack
$(BUILD)/docket-ledger-attack: $(BUILD)/obj/tests/attack/ledger.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
