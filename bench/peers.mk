# SPDX-License-Identifier: MIT
# What people use instead of docket: each kind with its library, where that is here.
PEERS_bdb    := $(if $(wildcard /usr/include/db.h),bdb)
PEERS_pg     := $(if $(wildcard /usr/include/postgresql/libpq-fe.h),pg)
PEERS_redis  := $(if $(wildcard /usr/include/hiredis/hiredis.h),redis)
PEERS_sqlite := $(if $(wildcard /usr/include/sqlite3.h),sqlite)
PEERS        := $(PEERS_bdb) $(PEERS_pg) $(PEERS_redis) $(PEERS_sqlite)
PEER_LIBS    := -llmdb $(PEERS_bdb:%=-ldb) $(PEERS_pg:%=-lpq) $(PEERS_redis:%=-lhiredis) $(PEERS_sqlite:%=-lsqlite3)

$(BUILD)/peers/peers_have.h: FORCE
	@mkdir -p $(@D)
	@for peer in $(PEERS); do echo "#define PEERS_$$peer" | tr a-z A-Z | sed 's/^#DEFINE/#define/'; done > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/obj/bench/peers/table.o: $(BUILD)/peers/peers_have.h
$(BUILD)/obj/bench/peers/table.o: CPPFLAGS += -I$(BUILD)/peers
$(BUILD)/obj/bench/peers/pg.o: CPPFLAGS += -I/usr/include/postgresql

$(BUILD)/bench_peers: $(patsubst %,$(BUILD)/obj/bench/%.o,bench_peers $(addprefix peers/,table docket locks lmdb $(PEERS))) \
    $(HARNESS) $(BUILD)/libdocket.so
	$(LINK_DOCKET) $(PEER_LIBS)
TEST_PROGRAMS += $(BUILD)/bench_peers

# Beside what people use instead; about three minutes. What cannot be had is skipped by name.
bench-peers:
	@tests/deps.sh peers
	@$(MAKE) --no-print-directory all $(BUILD)/bench_peers
	@BUILD=$(BUILD) bench/peers.sh
