# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makefile - builds, tests and installs mpynet.  `make help` says what it can do.
#
# One make for the whole tree.  Sources are found by folder: a new file is built
# because it is there.  Everything that is made goes below $(O), and a sanitizer
# gets a directory of its own there, so two kinds of objects never meet.

VERSION := 0.1.0

O       ?= build
PREFIX  ?= /usr/local
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG   ?= clang
NM      ?= nm
PYTHON  ?= /usr/bin/python3
SECONDS ?= 10
JOBS    ?= $(shell nproc)

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

comma := ,
empty :=
space := $(empty) $(empty)

# Where this kind of build lives.
B := $(O)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

## Sources ###################################################################

# Engines are pure; shells talk to the machine.  A file is pure unless it is named
# here, and check-pure and check-layers hold both sides to it.
HOSTED_IN_ROLES := \
	$(wildcard $(addprefix node/,run.c store.c control.c ping.c stock.c ask.c rows.c \
		netverb.c mapper.c dial.c machine.c groups.c workers.c enrol_run.c desk.c \
		seat.c studyverb.c swap.c pinverb.c device.c engine.c runverb.c runview.c attach.c)) \
	$(wildcard $(addprefix lighthouse/,run.c store.c control.c listen.c swap.c)) \
	$(wildcard ca/ledger*.c ca/office*.c ca/mark.c ca/backup.c)

PURE   := $(sort $(filter-out $(HOSTED_IN_ROLES), \
		$(wildcard core/*.c node/*.c lighthouse/*.c ca/*.c)))
HOSTED := $(sort $(HOSTED_IN_ROLES) $(filter-out cli/main.c, \
		$(wildcard host/*.c cli/*.c)))
MAIN   := $(wildcard cli/main.c)

UNIT        := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HOSTED := $(sort $(wildcard tests/unit/hosted_*.c))
FUZZ        := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_HOSTED := $(sort $(wildcard tests/fuzz/hosted_*.c))
SIM         := $(sort $(wildcard tests/sim/*.c))
BENCH       := $(sort $(wildcard bench/*.c))

## Flags #####################################################################

PURE_PKGS   := libsodium libcrypto
HOSTED_PKGS := $(PURE_PKGS) libssl libuv sqlite3 jansson libmnl readline \
	libseccomp libcap-ng miniupnpc libqrencode

# Asked once, and only when something is built: `make deps` runs without pkg-config.
PKG_CFLAGS  = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(HOSTED_PKGS)))$(PKG_CFLAGS)
PURE_LIBS   = $(eval PURE_LIBS := $(shell pkg-config --libs $(PURE_PKGS)) -lm)$(PURE_LIBS)
HOSTED_LIBS = $(eval HOSTED_LIBS := $(shell pkg-config --libs $(HOSTED_PKGS)) -lnatpmp -lm -lpthread)$(HOSTED_LIBS)
X86         = $(eval X86 := $(filter x86_64% i686%,$(shell $(CC) -dumpmachine)))$(X86)

CFLAGS ?= -O2 -g

LANGUAGE := -std=gnu11 -D_GNU_SOURCE -DMPYNET_VERSION='"$(VERSION)"' -I. \
	-fno-strict-aliasing -fno-common
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wwrite-strings -Wundef -Wvla \
	-Wformat=2 -Wimplicit-fallthrough -Wno-missing-field-initializers \
	$(if $(WERROR),-Werror)
HARDEN = $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong \
	-fstack-clash-protection $(if $(X86),-fcf-protection)
HARDEN_LINK := -pie -Wl,-z,relro,-z,now,-z,noexecstack

SANITIZE = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-DSANITIZED)

# What the language, the libraries and the tree need; what a builder asked for comes last.
BASE_CFLAGS = $(LANGUAGE) $(WARNINGS) $(PKG_CFLAGS)
ALL_CFLAGS  = $(BASE_CFLAGS) $(HARDEN) -fPIE $(SANITIZE) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = $(HARDEN_LINK) $(SANITIZE) $(LDFLAGS)
FUZZ_CFLAGS = $(BASE_CFLAGS) -fPIE -O1 -g -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-DFUZZING
# Valgrind reads no debug information that is newer.
PLAIN_CFLAGS = $(LANGUAGE) $(PKG_CFLAGS) -fPIE -O2 -gdwarf-4 -fstack-protector-strong

## What is made ##############################################################

objects = $(patsubst %.c,$(B)/$(1)%.o,$(2))

PROGRAM    := $(if $(MAIN),$(B)/mpynet)
ENGINE     := $(B)/engine.a
HOST       := $(B)/host.a
UNIT_PROGS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT) $(UNIT_HOSTED))
FUZZ_PROGS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ) $(FUZZ_HOSTED))
SIM_PROG   := $(if $(SIM),$(B)/sim)
BENCH_PROGS := $(patsubst bench/%.c,$(B)/bench/%,$(filter-out bench/budget.c,$(BENCH)))
RESULTS    := $(B)/results

# `$(TALLY) NAME COMMAND...` runs a test program and notes its count in $(RESULTS).
TALLY = tools/tally $(RESULTS)

# Scripts below tests/ find what they test in the environment.
export MPYNET := $(abspath $(B)/mpynet)
export MPYNET_BUILD := $(abspath $(B))
export MPYNET_VENV := $(abspath $(O)/venv)

.PHONY: all engine everything unit units sim fuzz bench bench-micro bench-scale bench-certs bench-runs bench-sim check check-all check-long check-long-all \
	check-pure check-budget check-layers check-vectors check-sim check-fuzz check-cli \
	check-netns check-mpyc check-nat demo deps venv format install uninstall clean help FORCE

all: $(ENGINE) $(HOST) $(PROGRAM)

engine: $(ENGINE)

# All that the tests will need.
everything: all units sim fuzz $(B)/unat $(B)/badwire $(B)/plain/engine.a $(B)/plain/budget

# All of both archives, so that a name that is defined twice or nowhere is found here.
$(B)/mpynet: $(call objects,,$(MAIN)) $(HOST) $(ENGINE) $(B)/link.flags
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
		-Wl,--whole-archive $(HOST) $(ENGINE) -Wl,--no-whole-archive $(HOSTED_LIBS)

# An archive is rebuilt when the list of its sources changes, so that a file that
# was removed is not linked from memory.
define archive
@echo "  AR      $@"
@mkdir -p $(@D)
@rm -f $@
@ar rcsD $@ $(filter %.o,$^)
endef

$(ENGINE): $(call objects,,$(PURE)) $(B)/pure.list
	$(archive)

$(HOST): $(call objects,,$(HOSTED)) $(B)/hosted.list
	$(archive)

$(B)/%.o: %.c $(B)/compile.flags
	@echo "  CC      $<"
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The completion scripts are part of the program.
$(B)/cli/cmd_completion.o $(B)/fuzz/obj/cli/cmd_completion.o: $(wildcard completions/*)

# Remembers a line of text; its file changes only when the line does.
define remember
@mkdir -p $(@D)
@printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || \
	printf '%s\n' '$(subst ','\'',$(1))' >$@
endef

$(B)/compile.flags: FORCE
	$(call remember,$(CC) $(ALL_CFLAGS))
$(B)/link.flags: FORCE
	$(call remember,$(CC) $(ALL_LDFLAGS) $(HOSTED_LIBS))
$(B)/fuzz/compile.flags: FORCE
	$(call remember,$(CLANG) $(FUZZ_CFLAGS))
$(B)/plain/compile.flags: FORCE
	$(call remember,$(CC) $(PLAIN_CFLAGS))
$(B)/pure.list: FORCE
	$(call remember,$(PURE))
$(B)/hosted.list: FORCE
	$(call remember,$(HOSTED))

## Tests #####################################################################

# Pure tests link the engines and the two crypto libraries, nothing else.
$(B)/unit/test_%: $(B)/tests/unit/test_%.o $(ENGINE) $(B)/link.flags
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(WRAP) -o $@ $(filter %.o %.a,$^) $(PURE_LIBS)

# This one counts what is allocated.
$(B)/unit/test_mesh_alloc: private WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(B)/unit/hosted_%: $(B)/tests/unit/hosted_%.o $(HOST) $(ENGINE) $(B)/link.flags
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(HOSTED_LIBS)

units: $(UNIT_PROGS)

unit: units
	@rc=0; for t in $(UNIT_PROGS); do \
		$(TALLY) $${t##*/} $$t || rc=1; \
	done; exit $$rc

$(B)/sim: $(call objects,,$(SIM)) $(ENGINE) $(B)/link.flags
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PURE_LIBS)

sim: $(SIM_PROG)

# The simulator's NATs between real packets.
$(B)/unat: $(call objects,,tests/nat/unat.c $(filter-out tests/sim/main.c,$(SIM))) $(ENGINE) \
		$(B)/link.flags
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PURE_LIBS)

# A wire for tests/netns that loses, repeats and delays.
$(B)/badwire: $(B)/tests/netns/badwire.o $(ENGINE) $(B)/link.flags
	@echo "  LINK    $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PURE_LIBS)

$(B)/bench/%: $(B)/bench/%.o $(ENGINE) $(B)/link.flags
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PURE_LIBS)

# mpynet beside others of its kind; QUICK=1, ONLY=, TESTS=, NETWORKS=, ROUNDS=, LASTING=, SET=.
bench: $(PROGRAM) $(B)/bench/load $(B)/bench/wire venv
	@bench/run --out $(B)/bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) \
		$(if $(TESTS),--tests $(TESTS)) $(if $(NETWORKS),--networks $(NETWORKS)) \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(LASTING),--seconds $(LASTING)) \
		$(if $(SET),--set '$(SET)')

# Is what a node takes the same in a larger network, and in one of regions? BIG=1: ten times as large,
# in half an hour.
bench-sim: $(SIM_PROG)
	@$(SIM_PROG) --crowd 1000
	@$(SIM_PROG) --crowd 1500 --regions 5
	@if [ -n "$(BIG)" ]; then $(SIM_PROG) --crowd 10000; fi

# Fuzzers are their own kind of build: clang, with the sources instrumented too.
$(B)/fuzz/obj/%.o: %.c $(B)/fuzz/compile.flags
	@echo "  FUZZCC  $<"
	@mkdir -p $(@D)
	@$(CLANG) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/fuzz/engine.a: $(call objects,fuzz/obj/,$(PURE)) $(B)/pure.list
	$(archive)
$(B)/fuzz/host.a: $(call objects,fuzz/obj/,$(HOSTED)) $(B)/hosted.list
	$(archive)

$(B)/fuzz/fuzz_%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.o $(B)/fuzz/engine.a
	@$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(PURE_LIBS)
$(B)/fuzz/hosted_%: $(B)/fuzz/obj/tests/fuzz/hosted_%.o $(B)/fuzz/host.a $(B)/fuzz/engine.a
	@$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(HOSTED_LIBS)

fuzz: $(FUZZ_PROGS)

check-fuzz: fuzz
	@printf '%s\n' $(FUZZ_PROGS) | xargs -P $(JOBS) -I{} sh -c \
		'f={}; $(TALLY) $${f##*/} tools/fuzz $$f $(SECONDS)'

bench-micro: $(B)/bench/micro
	@$<

# 10,000 certificates issued, listed, backed up, revoked and distributed; COUNT= for another number.
bench-certs: $(PROGRAM)
	@bench/certs.py $(COUNT)

# MPyC programs by `mpynet run` beside plain TCP between the same hosts.
bench-runs: $(PROGRAM) $(B)/bench/wire venv
	@bench/runs.py $(if $(PARTIES),--parties $(PARTIES)) $(if $(ROUNDS),--rounds $(ROUNDS))

# Does it cost more when there are more? MILLION=1: and what a million registrations take.
bench-scale: $(B)/bench/scale
	@$< && if [ -n "$(MILLION)" ]; then $< 1000000; fi

# What the engines import, in a build without fortify's and the sanitizers' names.
$(B)/plain/%.o: %.c $(B)/plain/compile.flags
	@mkdir -p $(@D)
	@$(CC) $(PLAIN_CFLAGS) -MMD -MP -c -o $@ $<
$(B)/plain/engine.a: $(call objects,plain/,$(PURE)) $(B)/pure.list
	$(archive)

# How many instructions a packet costs them, in the same build.
$(B)/plain/budget: $(B)/plain/bench/budget.o $(B)/plain/engine.a
	@$(CC) -o $@ $^ -Wl,--wrap=cipher_seal,--wrap=cipher_open $(PURE_LIBS)

check-budget: $(B)/plain/budget
	@$(TALLY) check-budget tools/check-budget $< bench/budget.txt

check-pure: $(B)/plain/engine.a
	@$(TALLY) check-pure tools/check-pure $(NM) $< core/imports.txt

check-layers:
	@$(TALLY) check-layers tools/check-layers $(HOSTED_IN_ROLES)

# A family of tests is run by the script `run` in its folder.
check-vectors check-cli: $(PROGRAM) units
check-netns check-mpyc check-nat: $(PROGRAM)
check-nat: $(B)/unat
check-netns: $(B)/badwire
check-netns check-mpyc: venv
check-vectors check-cli check-netns check-mpyc check-nat: check-%:
	@if [ -x tests/$*/run ]; then $(TALLY) $* tests/$*/run; fi

check-sim: $(SIM_PROG)
	@if [ -n "$(SIM_PROG)" ]; then $(TALLY) sim $(SIM_PROG) check; fi

CHECKS := unit check-layers check-pure check-budget check-vectors check-sim check-cli \
	check-netns check-mpyc check-fuzz

# Two makes: the second starts when compilers and libraries are there.
check: deps
	@rm -f $(RESULTS) $(RESULTS).failed
	@$(MAKE) --no-print-directory -k check-all; rc=$$?; \
		tools/tally --sum $(RESULTS) || rc=1; exit $$rc

check-all:
	@$(MAKE) --no-print-directory -j$(JOBS) everything
	@rc=0; for c in $(CHECKS); do \
		echo "== $$c"; $(MAKE) --no-print-directory $$c || rc=1; \
	done; exit $$rc

check-long: deps
	@rm -f $(RESULTS) $(RESULTS).failed
	@rc=0; $(MAKE) --no-print-directory -k check-long-all || rc=1; \
		cat $(O)/san-*/results >>$(RESULTS) 2>/dev/null; \
		cat $(O)/san-*/results.failed >>$(RESULTS).failed 2>/dev/null; \
		tools/tally --sum $(RESULTS) || rc=1; exit $$rc

# Engines have no threads: of the pure tests none is run for ThreadSanitizer.
check-long-all:
	@$(MAKE) --no-print-directory -j$(JOBS) all sim fuzz $(B)/unat $(B)/badwire
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=address,undefined units sim
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=thread UNIT= all units
	@rm -f $(O)/san-*/results $(O)/san-*/results.failed
	@rc=0; \
	echo "== sanitizers"; \
	$(MAKE) --no-print-directory SAN=address,undefined unit check-sim || rc=1; \
	$(MAKE) --no-print-directory SAN=thread UNIT= unit || rc=1; \
	for t in $(wildcard tests/*/run-long); do \
		echo "== $$t"; $(TALLY) $$t $$t || rc=1; \
	done; \
	echo "== fuzzers"; \
	$(MAKE) --no-print-directory SECONDS=10 check-fuzz || rc=1; \
	exit $$rc

demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all venv
	@KEEP=$(KEEP) tests/netns/demo

## The house #################################################################

deps:
	@tools/deps.sh

# MPyC is not in Debian: a virtual environment over Debian's numpy and gmpy2.
venv: $(O)/venv/.done
$(O)/venv/.done: tools/mpyc.txt
	@echo "  VENV    $(O)/venv"
	@mkdir -p $(O)
	@$(PYTHON) -m venv --system-site-packages $(O)/venv
	@$(O)/venv/bin/pip install -q --disable-pip-version-check -r tools/mpyc.txt
	@touch $@

# Only the lines that are not committed yet: it breaks sentences and tables that were laid out by hand.
format:
	@git clang-format --extensions c,h

compile_commands.json: FORCE
	@tools/compile-commands '$(subst ','\'',$(CC) $(ALL_CFLAGS))' \
		$(SOURCES) >$@

BINDIR  = $(DESTDIR)$(PREFIX)/bin
MANDIR  = $(DESTDIR)$(PREFIX)/share/man/man1
BASHDIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR  = $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions
FISHDIR = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

install: all
	install -D -m 755 $(B)/mpynet $(BINDIR)/mpynet
	install -D -m 644 docs/mpynet.1 $(MANDIR)/mpynet.1
	install -D -m 644 completions/mpynet.bash $(BASHDIR)/mpynet
	install -D -m 644 completions/_mpynet $(ZSHDIR)/_mpynet
	install -D -m 644 completions/mpynet.fish $(FISHDIR)/mpynet.fish

uninstall:
	rm -f $(BINDIR)/mpynet $(MANDIR)/mpynet.1 $(BASHDIR)/mpynet \
		$(ZSHDIR)/_mpynet $(FISHDIR)/mpynet.fish

clean:
	rm -rf $(O) compile_commands.json

help:
	@sed -n 's/^#: //p' $(firstword $(MAKEFILE_LIST))

#: mpynet is built into build/ (another place: O=DIR).
#:
#:   make                   the program, build/mpynet
#:   make demo              three parties computing over a mesh (root; KEEP=1 leaves it up)
#:   make check             every test, about ten minutes (root)
#:   make check-long        sanitizers, long rekeys, kill points, longer fuzzing (root)
#:   make unit              unit tests only; TEST_ONLY=word, TEST_SEED=number
#:   make sim fuzz          the simulator, the fuzzers
#:   make bench             beside wireguard-go and others, half an hour (root); QUICK=1 two minutes
#:   make bench-micro       what a packet, a handshake and a decision cost, without system calls
#:   make bench-certs       10,000 certificates, from issued to revoked and distributed
#:   make bench-scale       10 to 10,000 peers of a node, 10 to 100,000 clients of a lighthouse
#:   make bench-runs        programs by mpynet run beside plain TCP; PARTIES=3 ROUNDS=3 (root)
#:   make bench-sim         1,000 virtual nodes, and regions; BIG=1: and 10,000, half an hour
#:   make check-NAME        one family: pure budget layers vectors sim cli netns mpyc nat fuzz
#:   make deps              the Debian packages that all this needs (root)
#:   make install           below PREFIX=/usr/local; DESTDIR= for packagers
#:   make format compile_commands.json clean
#:
#: Kinds of build: CC=clang  SAN=address,undefined  SAN=thread  WERROR=1  CFLAGS=-O0

SOURCES := $(PURE) $(HOSTED) $(MAIN) $(UNIT) $(UNIT_HOSTED) $(FUZZ) $(FUZZ_HOSTED) $(SIM) $(BENCH) \
	tests/nat/unat.c tests/netns/badwire.c
-include $(wildcard $(foreach kind,$(B) $(B)/plain $(B)/fuzz/obj,$(SOURCES:%.c=$(kind)/%.d)))
