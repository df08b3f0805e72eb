# SPDX-License-Identifier: MIT
# What 16_upgrade.sh needs: a caller, and the same tree as two next releases,
# whose desks carry a compatible and an incompatible flag that this one does not know.
NEXT_FILES := table/desk daemon/recovery/recovery daemon/recovery/takeover client/reach
FLAGS_next-compatible := -DDK_MADE_COMPATIBLE=1ull
FLAGS_next-incompatible := -DDK_MADE_INCOMPATIBLE=1ull -DDK_KNOWN_INCOMPATIBLE=1ull

ATTACKS += $(BUILD)/docket-caller $(foreach next,compatible incompatible,\
    $(BUILD)/next-$(next)/docketd $(BUILD)/next-$(next)/libdocket.so.$(SOVERSION))

$(BUILD)/docket-caller: $(BUILD)/obj/tests/attack/caller.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)

define next_release
$(BUILD)/next-$(1)/obj/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(FLAGS_next-$(1)) -MMD -MP -c $$< -o $$@
$(BUILD)/next-$(1)/pic/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(FLAGS_next-$(1)) -fPIC -ftls-model=initial-exec -MMD -MP -c $$< -o $$@

$(BUILD)/next-$(1)/docketd: $(foreach file,$(NEXT_FILES:client/%=),$(BUILD)/next-$(1)/obj/src/$(file).o) \
    $(filter-out $(NEXT_FILES:%=$(BUILD)/obj/src/%.o),$(DAEMON_OBJECTS))
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(DAEMON_LIBS)

$(BUILD)/next-$(1)/libdocket.so.$(SOVERSION): $(foreach file,$(filter-out daemon/%,$(NEXT_FILES)),$(BUILD)/next-$(1)/pic/src/$(file).o) \
    $(filter-out $(NEXT_FILES:%=$(BUILD)/pic/src/%.o),$(LIB_OBJECTS)) src/client/libdocket.map
	$$(Q)$$(CC) $$(LDFLAGS) -shared -Wl,-soname,libdocket.so.$(SOVERSION) -Wl,-z,nodelete \
	    -Wl,--version-script,src/client/libdocket.map -o $$@ $$(filter %.o,$$^) -lpthread
endef
$(eval $(call next_release,compatible))
$(eval $(call next_release,incompatible))
