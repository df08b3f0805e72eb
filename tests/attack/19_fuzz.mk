# SPDX-License-Identifier: MIT
# The fuzz targets of row 19: each links what its first lines say, all of it
# compiled by clang with coverage, ASan and UBSan. Without clang and its run-time library there are none.

FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS      := $(FUZZ_SOURCES:tests/fuzz/%.c=$(BUILD)/fuzz/%)
FUZZ_FLAGS   := -std=c11 -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined \
                -fno-omit-frame-pointer -fvisibility=hidden

ifneq ($(wildcard $(shell clang -print-runtime-dir 2>/dev/null)/libclang_rt.fuzzer*.a),)
ATTACKS += $(FUZZERS)
endif

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)clang $(CPPFLAGS) $(FUZZ_FLAGS) $(if $(filter tools/docket.c,$<),-Dmain=docket_main) -MMD -MP -c $< -o $@

# "links:" names files of src/, "tools:NAME" of tools/, "fuzz:NAME" of tests/fuzz/.
fuzz_words = $(shell sed -n 's|^/\* $(2): *\(.*\) \*/|\1|p' tests/fuzz/$(1).c)
fuzz_files = $(foreach word,$(call with_room,$(call fuzz_words,$(1),links)),$(if $(filter tools:%,$(word)),$(word:tools:%=tools/%),$(if \
    $(filter fuzz:%,$(word)),$(word:fuzz:%=tests/fuzz/%),src/$(word:.c=))))

define fuzz_rule
$(BUILD)/fuzz/$(1): $(patsubst %,$(BUILD)/fuzz/obj/%.o,tests/fuzz/$(1) $(call fuzz_files,$(1)))
	$$(Q)clang -fsanitize=fuzzer,address,undefined -o $$@ $$^ $(addprefix -l,$(call fuzz_words,$(1),libs)) -lpthread
endef
$(foreach target,$(notdir $(FUZZ_SOURCES:.c=)),$(eval $(call fuzz_rule,$(target))))
