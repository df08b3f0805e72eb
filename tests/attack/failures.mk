# Rows 6 and 8: docketd, library and command broken at their n-th call.
ATTACKS += $(BUILD)/failing.so $(BUILD)/docket-breaks

$(BUILD)/failing.so: tests/attack/failing.c tests/attack/breaker.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BASEFLAGS) -fvisibility=default -shared -fPIC -o $@ $<

BREAK_OBJECTS := $(BUILD)/obj/tests/attack/breaker.o $(BUILD)/obj/tests/attack/trial.o $(BUILD)/obj/tests/lib/worklog.o

$(BUILD)/docket-breaks: $(BUILD)/obj/tests/attack/breaks.o $(BUILD)/obj/tests/attack/breaks_user.o $(BUILD)/obj/tests/attack/breaks_admin.o \
    $(BREAK_OBJECTS) $(BUILD)/libdocket.so
	$(LINK_DOCKET)

# One program, killed at one of its calls: for scripts.
ATTACKS += $(BUILD)/docket-kill-at
$(BUILD)/docket-kill-at: $(BUILD)/obj/tests/attack/kill_at.o $(BUILD)/obj/tests/attack/breaker.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
# The same, counting calls that change a file alone; for a docketd that stays, too.
ATTACKS += $(BUILD)/docket-cut
$(BUILD)/docket-cut: $(BUILD)/obj/tests/attack/cut.o $(BUILD)/obj/tests/attack/breaker.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
