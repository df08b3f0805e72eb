# explore: the project's own sources of floor 1 and 2, compiled against the
# explorer's atomics, clock, memory and store (tests/attack/explore).
EXPLORED := src/table/slot.c src/table/place.c src/table/desk.c src/client/stand.c src/client/take.c src/client/text.c src/client/lease.c src/client/block.c \
    src/daemon/leased.c src/daemon/rows.c src/daemon/strict.c src/daemon/keeper.c src/daemon/books.c src/daemon/counters.c src/daemon/edges.c src/daemon/series/names.c src/daemon/series/evict.c src/daemon/recovery/load.c src/daemon/recovery/adopt.c src/daemon/recovery/floors.c src/daemon/recovery/advance.c \
    src/daemon/recovery/images.c src/daemon/series/policies.c src/daemon/quarantine.c src/daemon/reaper.c src/daemon/series/series.c src/daemon/series/tracked.c \
    $(NUMBERING)
EXPLORE_SOURCES := $(EXPLORED) $(wildcard tests/attack/explore/*.c) tests/lib/no_memory.c tests/lib/no_ended.c
EXPLORE_OBJECTS := $(EXPLORE_SOURCES:%.c=$(BUILD)/explore/%.o)

$(BUILD)/explore/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) -Itests/attack/explore $(CPPFLAGS) $(BASEFLAGS) -O2 -include tests/attack/explore/env.h -MMD -MP -c $< -o $@

$(BUILD)/docket-explore: $(EXPLORE_OBJECTS)
	$(Q)$(CC) -o $@ $^ -lpthread

ATTACKS += $(BUILD)/docket-explore
