# SPDX-License-Identifier: MIT
# What proves that a sanitizer is awake; built under sanitizers only.

$(BUILD)/planted: $(BUILD)/obj/tests/attack/planted.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread
