# Row 13: docketd's turns and the library in one process, over a table that is scribbled on.
SCRIBBLE_DAEMON := admin/set_next books clerk counters days/calendars days/today days/tzif days/zones edges keeper leased periods \
                   quarantine reaper recovery/adopt recovery/images rows series/evict series/names series/policies \
                   series/series series/tracked strict
SCRIBBLE_CLIENT := block dated hand handles lease pool realm stand take text
SCRIBBLE_BASE   := base/files base/status $(NUMBERING:src/%.c=%) \
                   table/calendar table/desk table/directory table/place table/seat table/slot
SCRIBBLE_OBJECTS := $(patsubst %,$(BUILD)/obj/tests/attack/%.o,scribble scribble_docketd scribble_worker scribble_model) \
                    $(BUILD)/obj/tests/lib/no_memory.o $(BUILD)/obj/tests/lib/no_ended.o \
                    $(patsubst %,$(BUILD)/obj/src/daemon/%.o,$(SCRIBBLE_DAEMON)) \
                    $(patsubst %,$(BUILD)/obj/src/client/%.o,$(SCRIBBLE_CLIENT)) \
                    $(patsubst %,$(BUILD)/obj/src/%.o,$(SCRIBBLE_BASE))
SCRIBBLE_WRAPS  := -Wl,--wrap=dk_clerk_post,--wrap=dk_strict_turn,--wrap=dk_leased_turn,--wrap=dk_series_quarantine

ATTACKS += $(BUILD)/scribble
$(BUILD)/scribble: $(SCRIBBLE_OBJECTS)
	$(Q)$(CC) $(LDFLAGS) $(SCRIBBLE_WRAPS) -o $@ $^ -lurcu-cds -lurcu-common -lpthread

# A member of a desk that scribbles on it while docketd and workers live.
ATTACKS += $(BUILD)/scribbler
$(BUILD)/scribbler: $(BUILD)/obj/tests/attack/scribbler.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
