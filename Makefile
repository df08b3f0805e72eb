# docket: `make demo` and `make check` do everything; `make help` lists the rest.

VERSION   := 0.1.0
SOVERSION := 0

CC        ?= gcc
VARIANT   ?= release
PREFIX    ?= /usr/local
# Debian's and Ubuntu's folder for libraries, where we install beside theirs.
LIBDIR    ?= $(if $(filter /usr,$(PREFIX)),/usr/lib/$(shell $(CC) -print-multiarch 2>/dev/null),$(PREFIX)/lib)
INCLUDEDIR?= $(PREFIX)/include
BINDIR    ?= $(PREFIX)/bin
SBINDIR   ?= $(PREFIX)/sbin
MANDIR    ?= $(PREFIX)/share/man
UNITDIR   ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR    ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR    ?= $(PREFIX)/lib/tmpfiles.d
COMPLETIONSDIR ?= $(PREFIX)/share/bash-completion/completions
DESTDIR   ?=

BUILD     := build/$(VARIANT)
comma     := ,
PKGCONFIG ?= pkg-config

WARNINGS  := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CPPFLAGS  += -D_GNU_SOURCE -Iinclude -Isrc $(shell $(PKGCONFIG) --cflags-only-I smartcols 2>/dev/null)
# No path of the build in what is built.
BASEFLAGS := -std=c11 -g -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) -fvisibility=hidden
ALIGN     := -falign-functions=64 -falign-loops=64

FLAGS_release := -O2 $(ALIGN)
# Variants under sanitizers: asan, ubsan, tsan with gcc, clang-asan and so on with clang.
SANITIZER     := $(VARIANT:clang-%=%)
FLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_ubsan   := -O2 -fsanitize=undefined -fno-sanitize-recover=undefined
FLAGS_tsan    := -O1 -fsanitize=thread
ifneq ($(filter clang-%,$(VARIANT)),)
CC        := clang
endif
CFLAGS    += $(BASEFLAGS) $(FLAGS_$(SANITIZER))
LDFLAGS   += $(FLAGS_$(SANITIZER)) -Wl,-z,relro,-z,now
# clang links its sanitizers into the program only: a library finds them there.
LIB_DEFS  := $(if $(filter clang-%,$(VARIANT)),,-Wl$(comma)-z$(comma)defs)

ifneq ($(V),1)
Q := @
endif

BASE      := $(wildcard src/base/*.c)
NUMBERING := $(wildcard src/numbering/*.c)
TABLE     := $(wildcard src/table/*.c)
WIRE      := $(wildcard src/wire/*.c)
STORE     := $(wildcard src/store/*.c src/store/*/*.c)
CLIENT    := $(wildcard src/client/*.c)
INSPECT   := $(wildcard src/inspect/*.c)
DAEMON    := $(wildcard src/daemon/*.c src/daemon/*/*.c)
TOOLS     := $(wildcard tools/*.c tools/legacy/*.c)

LIB_SOURCES := $(filter-out src/base/log.c,$(BASE)) $(NUMBERING) $(TABLE) $(WIRE) $(CLIENT) $(INSPECT)
DAEMON_SOURCES := $(BASE) $(NUMBERING) $(TABLE) $(WIRE) $(STORE) $(DAEMON)

LIB_OBJECTS    := $(LIB_SOURCES:%.c=$(BUILD)/pic/%.o)
DAEMON_OBJECTS := $(DAEMON_SOURCES:%.c=$(BUILD)/obj/%.o)
TOOL_OBJECTS   := $(TOOLS:%.c=$(BUILD)/obj/%.o)

STORE_LIBS  := -llmdb -lmd
DAEMON_LIBS := -lurcu-cds -lurcu-common -linih -ljansson $(STORE_LIBS) -lpthread
TOOL_LIBS   := -lmd -ljansson -lsmartcols -lncursesw -lpthread

# What reads another system's database: opened by the command when it is asked for (tools/legacy/plugin.h). Without the
# database's headers it is not made.
SOURCES_WITH   := $(if $(wildcard /usr/include/sqlite3.h),sqlite) $(if $(shell $(PKGCONFIG) --exists libpq 2>/dev/null && echo y),postgresql)
SOURCE_PLUGINS := $(SOURCES_WITH:%=$(BUILD)/docket-source-%.so)

# docket.h first: the pages follow this order.
HEADERS := docket.h $(filter-out docket.h,$(notdir $(wildcard include/*.h)))

LIBRARY := $(BUILD)/libdocket.so.$(VERSION)

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS   := $(UNIT_SOURCES:tests/unit/%.c=$(BUILD)/unit/%)

WORKER_SOURCES := tests/process/worker.c tests/process/worker_main.c tests/lib/worklog.c
RECIPES        := outbox pool backdate batch rows orders_test
TEST_PROGRAMS  := $(BUILD)/docket-audit $(BUILD)/docket-worker $(BUILD)/docket-forker \
                  $(BUILD)/docket-library $(BUILD)/docket-same $(BUILD)/docket-attacks $(BUILD)/docket-scale \
                  $(BUILD)/docket-evicted $(BUILD)/docket-accounted $(BUILD)/docket-texts $(BUILD)/docket-importer $(BUILD)/docket-dates $(BUILD)/store_scan \
                  $(BUILD)/example $(BUILD)/shiftclock.so $(BUILD)/holddisk.so $(RECIPES:%=$(BUILD)/recipes/%)
BENCHES        := $(BUILD)/bench_next $(BUILD)/bench_lines $(BUILD)/bench_supply $(BUILD)/bench_names $(BUILD)/bench_ledger_store $(BUILD)/bench_ledger \
                   $(BUILD)/bench_store $(BUILD)/bench_scale

# What the attacks need beside that: each tests/attack/*.mk adds to ATTACKS and says how it is made.
ATTACKS        :=

.PHONY: all lib built demo check check-instructions torture unit process attack model examples proof bench bench-page bench-ledger bench-peers floors orders deps install \
        uninstall clean help sanitized asan ubsan tsan lint format
.DELETE_ON_ERROR:

help:
	@echo "make demo      install what is missing, build, run docket for real and audit it (about 15 s)"
	@echo "make check     likewise, run the tests (about 13 minutes)"
	@echo "make torture   likewise, the attacks at their full figures (about 50 minutes)"
	@echo
	@echo "make all       build libdocket, docketd, docket          make proof   the long process proofs"
	@echo "make unit      unit tests                                make bench   figures against bare limits"
	@echo "make process   tests with real processes                 make floors  who may include whom"
	@echo "make model     the protocol model (Spin)                 make orders  labels of memory orders"
	@echo "make attack    the attacks at their small figures        make lint    static checkers"
	@echo "                   ROUNDS=11 MILLISECONDS=60; ONLY=next names ... one program; JSON=1 the figures as JSON; OUT=build/bench"
	@echo "make bench-page    docs/PERFORMANCE.md and its pictures, from build/bench (after make bench and make bench-peers)"
	@echo "make check-instructions  instructions of each hot path beside their bounds"
	@echo "make bench-ledger  record speed beside PostgreSQL 15 and LMDB alone (about three minutes)"
	@echo "make bench-peers   docket beside PostgreSQL, Redis, SQLite, Berkeley DB, LMDB, flock and a mutex (about three minutes)"
	@echo "make asan|ubsan|tsan  unit and thread tests under sanitizers"
	@echo "make install   PREFIX, DESTDIR: see docs/INSTALL.md      make uninstall|clean"

all: lib $(BUILD)/docketd $(BUILD)/docket $(SOURCE_PLUGINS) $(BUILD)/man/docket.bash

lib: $(BUILD)/libdocket.so $(BUILD)/libdocket.pc

# ---- objects ----

# gcc's usual allocator moves an argument aside in docket_next() that the other one leaves where it came
# (docs/decisions/0035; `make check-instructions` counts it). clang has no such choice.
HOT_FLAGS := $(shell $(CC) -fira-algorithm=priority -E -x c /dev/null >/dev/null 2>&1 && echo -fira-algorithm=priority)
$(BUILD)/pic/src/client/take.o: CFLAGS += $(HOT_FLAGS)

$(BUILD)/pic/src/client/%.o: src/client/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -ftls-model=initial-exec -MMD -MP -c $< -o $@

$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -MMD -MP -c $< -o $@

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# ---- what is installed ----

$(LIBRARY): $(LIB_OBJECTS) src/client/libdocket.map
	@echo "  link $@"
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,libdocket.so.$(SOVERSION) -Wl,-z,nodelete -Wl,-Bsymbolic-functions $(LIB_DEFS) \
	    -Wl,--version-script,src/client/libdocket.map -o $@ $(LIB_OBJECTS) -lpthread

$(BUILD)/libdocket.so: $(LIBRARY)
	$(Q)ln -sf libdocket.so.$(VERSION) $(BUILD)/libdocket.so.$(SOVERSION)
	$(Q)ln -sf libdocket.so.$(SOVERSION) $@

PC_WORDS = -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(VERSION)|'

$(BUILD)/libdocket.pc: src/client/libdocket.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed $(PC_WORDS) $< > $@

$(BUILD)/docketd: $(DAEMON_OBJECTS)
	@echo "  link $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(DAEMON_OBJECTS) $(DAEMON_LIBS)

$(BUILD)/docket: $(TOOL_OBJECTS) $(BUILD)/libdocket.so
	@echo "  link $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(TOOL_OBJECTS) -L$(BUILD) -ldocket $(TOOL_LIBS) -Wl,-rpath,'$$ORIGIN:$$ORIGIN/../lib'

SOURCE_LIBS_sqlite     := -lsqlite3
SOURCE_LIBS_postgresql := -lpq
$(BUILD)/pic/tools/legacy/plugins/postgresql.o: CPPFLAGS += $(shell $(PKGCONFIG) --cflags libpq 2>/dev/null)

$(BUILD)/docket-source-%.so: $(BUILD)/pic/tools/legacy/plugins/%.o
	@echo "  link $@"
	$(Q)$(CC) $(LDFLAGS) -shared $(LIB_DEFS) -o $@ $< $(SOURCE_LIBS_$*)
.PRECIOUS: $(BUILD)/pic/%.o

# ---- manual pages and completion: made of the tables of the command, docketd and the headers ----

PAGES := $(wildcard docs/man/*.in)
PAGE_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tools/pages/*.c)) $(BUILD)/pages/docket.o \
                $(filter-out $(BUILD)/obj/tools/docket.o,$(TOOL_OBJECTS))

$(BUILD)/obj/tools/pages/%.o: CPPFLAGS += -Itools

# The command without its main().
$(BUILD)/pages/docket.o: tools/docket.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -Dmain=docket_main $(CFLAGS) -Wno-missing-prototypes -MMD -MP -c $< -o $@

$(BUILD)/pages/pages: $(PAGE_OBJECTS) $(BUILD)/libdocket.so
	$(Q)$(CC) $(LDFLAGS) -o $@ $(PAGE_OBJECTS) -L$(BUILD) -ldocket $(TOOL_LIBS) -Wl,-rpath,'$$ORIGIN/..'

$(BUILD)/man/docket.bash: $(BUILD)/pages/pages $(BUILD)/docketd $(PAGES) $(wildcard tools/pages/*.awk include/*.h)
	@echo "  pages $(@D)"
	@rm -rf $(@D)
	@mkdir -p $(@D)
	$(Q)$(BUILD)/docketd --help | awk -f tools/pages/docketd.awk > $(BUILD)/pages/docketd
	$(Q)$(BUILD)/docketd --help-config | awk -f tools/pages/config.awk > $(BUILD)/pages/config
	$(Q)printf '.In %s\n' $(HEADERS) > $(BUILD)/pages/includes
	$(Q)for header in $(HEADERS); do echo ".Sh $$header"; opening=1; \
	    [ $$header != docket.h ] || opening=0; \
	    awk -v opening=$$opening -f tools/pages/header.awk include/$$header; done > $(BUILD)/pages/headers
	$(Q)$(BUILD)/pages/pages $(@D) $(BUILD)/pages $(PAGES)

# ---- tests: each unit program links exactly what its first lines say ----

# numbering is pure and its files lean on each other: who names one of them gets the room.
# So are the files of store beside LMDB: who names env.c gets them all.
with_numbering = $(filter-out numbering/%,$(1)) $(if $(filter numbering/%,$(1)),$(NUMBERING:src/%=%))
with_room = $(call with_numbering,$(if $(filter store/env.c,$(1)),$(filter-out store/%,$(1)) $(STORE:src/%=%),$(1)))

define unit_rule
$(BUILD)/unit/$(1): $(BUILD)/obj/tests/unit/$(1).o \
    $(patsubst %.c,$(BUILD)/obj/src/%.o,$(call with_room,$(shell sed -n 's|^/\* links: \(.*\) \*/|\1|p' tests/unit/$(1).c)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ -lcmocka $(patsubst -llmdb,$(STORE_LIBS),$(addprefix -l,$(shell sed -n 's|^/\* libs: \(.*\) \*/|\1|p' tests/unit/$(1).c))) -lpthread
endef
$(foreach test,$(notdir $(UNIT_SOURCES:.c=)),$(eval $(call unit_rule,$(test))))

AUDIT_SOURCES := $(wildcard tests/audit/*.c)
$(BUILD)/docket-audit: $(AUDIT_SOURCES:%.c=$(BUILD)/obj/%.o)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -ljansson

LINK_DOCKET = $(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(BUILD) -ldocket -Wl,-rpath,'$$ORIGIN' -lpthread

$(BUILD)/docket-worker: $(WORKER_SOURCES:%.c=$(BUILD)/obj/%.o) $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-forker: $(BUILD)/obj/tests/process/forker.o $(BUILD)/obj/tests/lib/worklog.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-library: $(BUILD)/obj/tests/process/library.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-same: $(patsubst %,$(BUILD)/obj/tests/process/%.o,same same_dates same_many same_settings) $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-attacks: $(BUILD)/obj/tests/process/attacks.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
# The map is measured by itself, beside liburcu's.
$(BUILD)/bench_names: $(patsubst %,$(BUILD)/obj/bench/%.o,bench_names names_maps harness workers histogram foreign report \
    write fate) $(BUILD)/obj/src/client/handles.o $(BUILD)/libdocket.so
	$(LINK_DOCKET) -lurcu-bp -lurcu-cds -lurcu-common -lm
$(BUILD)/bench_ledger_store: $(BUILD)/obj/bench/bench_ledger_store.o $(patsubst %.c,$(BUILD)/obj/%.o,$(BASE) $(NUMBERING) $(STORE))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread
TEST_PROGRAMS += $(BUILD)/scale_store $(BUILD)/scale_use
$(BUILD)/scale_use: $(BUILD)/obj/bench/scale_use.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/scale_store: $(BUILD)/obj/bench/scale_store.o $(patsubst %.c,$(BUILD)/obj/%.o,$(BASE) $(NUMBERING) $(STORE))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread
# Very many series: its own docketds, and bare LMDB beside them.
$(BUILD)/bench_scale: $(patsubst %,$(BUILD)/obj/bench/%.o,bench_scale scale_live harness workers histogram foreign report write) \
    $(BUILD)/libdocket.so | $(BUILD)/scale_store $(BUILD)/scale_use
	$(LINK_DOCKET) $(STORE_LIBS)
# What marks cost the store.
$(BUILD)/bench_store: $(patsubst %,$(BUILD)/obj/bench/%.o,bench_store store_marks store_recovery \
    harness workers histogram foreign report write) \
    $(patsubst %.c,$(BUILD)/obj/%.o,$(BASE) $(NUMBERING) $(STORE))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread
TEST_PROGRAMS += $(BUILD)/bench_store
$(BUILD)/docket-scale: $(BUILD)/obj/tests/process/scale.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-importer: $(BUILD)/obj/tests/process/importer.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-dates: $(BUILD)/obj/tests/process/dates.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-accounted: $(BUILD)/obj/tests/process/accounted.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-issuer: $(BUILD)/obj/tests/process/issuer.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-evicted: $(BUILD)/obj/tests/process/evicted.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
TEST_PROGRAMS += $(BUILD)/docket-named
$(BUILD)/docket-named: $(BUILD)/obj/tests/process/named.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
TEST_PROGRAMS += $(BUILD)/docket-many
$(BUILD)/docket-many: $(BUILD)/obj/tests/process/many.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
TEST_PROGRAMS += $(BUILD)/docket-tracked
$(BUILD)/docket-tracked: $(BUILD)/obj/tests/process/tracked.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/docket-texts: $(BUILD)/obj/tests/process/texts.o $(BUILD)/obj/tests/lib/worklog.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)
$(BUILD)/bench_ledger: $(BUILD)/obj/bench/bench_ledger.o $(BUILD)/libdocket.so
	$(LINK_DOCKET) $(STORE_LIBS)
$(BUILD)/store_scan: $(BUILD)/obj/bench/store_scan.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS)
TEST_PROGRAMS += $(BUILD)/docket-tamper
$(BUILD)/docket-tamper: $(patsubst %.c,$(BUILD)/obj/%.o,tests/process/tamper.c $(BASE) $(NUMBERING) $(STORE))
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(STORE_LIBS) -lpthread
TEST_PROGRAMS += $(BUILD)/docket-issuer
TEST_PROGRAMS += $(BUILD)/bench_ledger_store $(BUILD)/bench_selftest
TEST_PROGRAMS += $(BUILD)/docket-zones
$(BUILD)/docket-zones: $(BUILD)/obj/tests/process/zones.o $(BUILD)/obj/src/daemon/days/zones.o $(BUILD)/obj/src/daemon/days/tzif.o \
    $(NUMBERING:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/src/base/status.o $(BUILD)/obj/src/base/log.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread
# What the programs of the suite have in common; fate.o is the part that asks docket.
HARNESS := $(patsubst %,$(BUILD)/obj/bench/%.o,harness workers histogram foreign report write fate)
$(BUILD)/obj/bench/write.o: CPPFLAGS += -DBENCH_FLAGS='"$(FLAGS_$(SANITIZER))"'
.PRECIOUS: $(BUILD)/obj/%.o
$(BUILD)/libbenchfar.so: $(BUILD)/pic/bench/far.o
	$(Q)$(CC) $(LDFLAGS) -shared -o $@ $^
$(BUILD)/bench_lines: $(patsubst %,$(BUILD)/obj/bench/%.o,bench_lines bare) $(HARNESS) $(BUILD)/libbenchfar.so $(BUILD)/libdocket.so
	$(LINK_DOCKET) -L$(BUILD) -lbenchfar
$(BUILD)/bench_next: $(patsubst %,$(BUILD)/obj/bench/%.o,bench_next bare) $(HARNESS) $(BUILD)/libbenchfar.so $(BUILD)/libdocket.so
	$(LINK_DOCKET) -L$(BUILD) -lbenchfar
$(BUILD)/bench_%: $(BUILD)/obj/bench/bench_%.o $(HARNESS) $(BUILD)/libdocket.so
	$(LINK_DOCKET)

# Floods docketd with packets of its own: wire's files beside the library.
TEST_PROGRAMS += $(BUILD)/docket-ledger
$(BUILD)/docket-ledger: $(BUILD)/obj/tests/process/ledger.o $(BUILD)/obj/src/wire/record.o $(BUILD)/obj/src/wire/wire.o \
    $(BUILD)/obj/src/base/status.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)

TEST_PROGRAMS += $(BUILD)/docket-holder
$(BUILD)/docket-holder: $(BUILD)/obj/tests/process/holder.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)

# Counted under callgrind; without valgrind's header it says so.
TEST_PROGRAMS += $(BUILD)/docket-instructions
$(BUILD)/docket-instructions: $(BUILD)/obj/tests/instructions/count.o $(BUILD)/libdocket.so
	$(LINK_DOCKET)

# Another system's invoices, with planted faults.
TEST_PROGRAMS += $(BUILD)/docket-plant
$(BUILD)/docket-plant: $(BUILD)/obj/tests/process/plant.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3

TEST_PROGRAMS += $(BUILD)/docket-activator
$(BUILD)/docket-activator: $(BUILD)/obj/tests/process/activator.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

$(BUILD)/shiftclock.so $(BUILD)/holddisk.so: $(BUILD)/%.so: tests/lib/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(BASEFLAGS) -fvisibility=default -shared -fPIC -o $@ $<

include bench/peers.mk
include $(wildcard tests/attack/*.mk)

# The README's example, cut out and compiled as it stands.
$(BUILD)/example.c: README.md
	@mkdir -p $(@D)
	$(Q)awk '/^```c$$/ {on = 1; next} /^```$$/ {if (on) exit} on' README.md > $@
$(BUILD)/example: $(BUILD)/example.c $(BUILD)/libdocket.so
	$(Q)$(CC) -std=c11 -Wall -Wextra -Werror -Iinclude -o $@ $< -L$(BUILD) -ldocket -Wl,-rpath,'$$ORIGIN'

# The recipes, cut out of their page: each begins with its name.
.PRECIOUS: $(RECIPES:%=$(BUILD)/recipes/%.c)
$(BUILD)/recipes/%.c: docs/RECIPES.md
	@mkdir -p $(@D)
	$(Q)awk -v name='/* $*.c:' '/^```/ {on = 0} begun && index($$0, name) == 1 {on = 1} on; {begun = /^```c$$/}' $< > $@
	$(Q)test -s $@
$(BUILD)/recipes/%: $(BUILD)/recipes/%.c $(BUILD)/libdocket.so include/docket.h include/docket_admin.h include/docket_memory.h
	$(Q)$(CC) -std=c11 -Wall -Wextra -Werror -Iinclude -o $@ $< -L$(BUILD) -ldocket -Wl,-rpath,'$$ORIGIN/..' -lpthread

# The examples that are files: with what they need beside docket.
EXAMPLES := ledger_sqlite older_style
TEST_PROGRAMS += $(EXAMPLES:%=$(BUILD)/examples/%)
EXAMPLE_LIBS_ledger_sqlite := -lsqlite3
$(BUILD)/examples/%: docs/examples/%.c $(BUILD)/libdocket.so include/docket.h include/docket_ledger.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -Iinclude -o $@ $< -L$(BUILD) -ldocket \
	    $(EXAMPLE_LIBS_$*) -Wl,-rpath,'$$ORIGIN/..'

# ---- the two commands, and their parts ----

deps:
	@tests/deps.sh

demo: deps
	@$(MAKE) --no-print-directory all $(TEST_PROGRAMS)
	@BUILD=$(BUILD) tests/demo.sh

built: all $(TEST_PROGRAMS) $(UNIT_TESTS) $(BENCHES) $(ATTACKS)

check: deps
	@$(MAKE) --no-print-directory -j2 built
	@BUILD=$(BUILD) tests/check.sh

torture: deps
	@$(MAKE) --no-print-directory -j2 built
	@BUILD=$(BUILD) SCALE=torture tests/check.sh attack

attack: built
	@BUILD=$(BUILD) tests/check.sh attack

unit: $(UNIT_TESTS)
	@BUILD=$(BUILD) tests/check.sh unit

process: all $(TEST_PROGRAMS)
	@BUILD=$(BUILD) tests/check.sh process

model:
	@tests/model/run

proof: all $(TEST_PROGRAMS)
	@BUILD=$(BUILD) tests/check.sh proof

# Beside bare limits: each program of bench/run.sh, then all figures in one table; under five minutes.
bench: deps
	@tests/deps.sh bench
	@$(MAKE) --no-print-directory all $(BENCHES)
	@BUILD=$(BUILD) bench/run.sh

# docs/PERFORMANCE.md and its pictures, from what make bench and make bench-peers left in build/bench.
bench-page:
	@mkdir -p docs/images
	@python3 bench/picture.py build/bench docs/images/numbers.svg
	@for plot in scaling latency; do [ ! -s build/bench/$$plot.svg ] || cp build/bench/$$plot.svg docs/images/; done
	@python3 bench/page.py build/bench docs/PERFORMANCE.md

# Record speed beside PostgreSQL 15 and LMDB alone; about three minutes.
bench-ledger: all $(BENCHES)
	@BUILD=$(BUILD) bench/ledger_peers.sh

# Instructions of each hot path beside their bounds; needs valgrind.
check-instructions: all $(BUILD)/docket-instructions
	@BUILD=$(BUILD) tests/instructions/run.sh

floors:
	@tests/floors.sh

orders:
	@tests/orders.sh

# Under a sanitizer: what tests/attack/20_sanitizers.sh runs.
SANITIZED_DOCKET ?= $(BUILD)/docket
sanitized: lib $(BUILD)/docketd $(SANITIZED_DOCKET) $(UNIT_TESTS) $(BUILD)/docket-worker $(BUILD)/docket-library $(BUILD)/docket-same $(BUILD)/docket-audit

asan ubsan tsan:
	@VARIANTS=$@ BUILD=$(BUILD) tests/attack/20_sanitizers.sh

lint:
	$(Q)cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr -Iinclude -Isrc src tools

format:
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')

# The command finds the library from where it lies: this one's way leads to LIBDIR.
$(BUILD)/installed/docket: $(TOOL_OBJECTS) $(BUILD)/libdocket.so FORCE
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(TOOL_OBJECTS) -L$(BUILD) -ldocket $(TOOL_LIBS) \
	    -Wl,-rpath,'$$ORIGIN/$(shell realpath -m --relative-to=$(BINDIR) $(LIBDIR))'
FORCE:

INSTALL_TO = install -D -m

install: all $(BUILD)/installed/docket
	$(INSTALL_TO) 755 $(LIBRARY) $(DESTDIR)$(LIBDIR)/libdocket.so.$(VERSION)
	ln -sf libdocket.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libdocket.so.$(SOVERSION)
	ln -sf libdocket.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libdocket.so
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(UNITDIR) $(DESTDIR)$(INCLUDEDIR)
	sed $(PC_WORDS) src/client/libdocket.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libdocket.pc
	install -m 644 $(HEADERS:%=include/%) $(DESTDIR)$(INCLUDEDIR)/
	for plugin in $(SOURCE_PLUGINS); do $(INSTALL_TO) 755 $$plugin $(DESTDIR)$(LIBDIR)/docket/$${plugin##*/} || exit 1; done
	$(INSTALL_TO) 755 $(BUILD)/installed/docket $(DESTDIR)$(BINDIR)/docket
	$(INSTALL_TO) 755 $(BUILD)/docketd $(DESTDIR)$(SBINDIR)/docketd
	for page in $(BUILD)/man/*.[1-8]; do \
	    $(INSTALL_TO) 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; done
	$(INSTALL_TO) 644 $(BUILD)/man/docket.bash $(DESTDIR)$(COMPLETIONSDIR)/docket
	for unit in docketd.service docketd.socket; do \
	    sed 's|@SBINDIR@|$(SBINDIR)|' tools/service/$$unit.in > $(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/libdocket.pc $(DESTDIR)$(UNITDIR)/docketd.service $(DESTDIR)$(UNITDIR)/docketd.socket
	$(INSTALL_TO) 644 tools/service/docket.sysusers $(DESTDIR)$(SYSUSERSDIR)/docket.conf
	$(INSTALL_TO) 644 tools/service/docket.tmpfiles $(DESTDIR)$(TMPFILESDIR)/docket.conf

# Every file of install; folders stay. The names of the pages are known from the build.
uninstall: $(BUILD)/man/docket.bash
	rm -f $(DESTDIR)$(LIBDIR)/libdocket.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libdocket.so.$(SOVERSION)
	rm -f $(DESTDIR)$(LIBDIR)/libdocket.so $(DESTDIR)$(LIBDIR)/pkgconfig/libdocket.pc
	rm -f $(HEADERS:%=$(DESTDIR)$(INCLUDEDIR)/%) $(SOURCES_WITH:%=$(DESTDIR)$(LIBDIR)/docket/docket-source-%.so)
	rm -f $(DESTDIR)$(BINDIR)/docket $(DESTDIR)$(SBINDIR)/docketd $(DESTDIR)$(COMPLETIONSDIR)/docket
	for page in $(BUILD)/man/*.[1-8]; do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	rm -f $(DESTDIR)$(UNITDIR)/docketd.service $(DESTDIR)$(UNITDIR)/docketd.socket
	rm -f $(DESTDIR)$(SYSUSERSDIR)/docket.conf $(DESTDIR)$(TMPFILESDIR)/docket.conf

clean:
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
