# Headgate. `make quickstart` runs the main job, `make check` runs every test, `make help` lists the rest.
#
# A folder is a room: every .c in lib/*/ goes into libheadgate.a, every .c of a program's folder into that program. So a new
# file needs no line here; a new library does.

VERSION := 0.1.0

# Where things go.
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
SBINDIR    ?= $(PREFIX)/sbin
LIBEXECDIR ?= $(PREFIX)/libexec/headgate
SHAREDIR   ?= $(PREFIX)/share/headgate
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/headgate
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
# Where bash, zsh and fish look for completions.
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
FISHDIR    ?= $(PREFIX)/share/fish/vendor_completions.d
DESTDIR    ?=

# How things are built. FLAVOUR=asan and FLAVOUR=fuzz build beside the default, in folders of their own.
FLAVOUR ?= release
WERROR  ?= -Werror
CFLAGS  ?= -O2 -g
PKG_CONFIG ?= pkg-config
OBJCOPY ?= objcopy
# Before `make deps` there may be no pkg-config; then there is nothing to link either.
libs_of = $(shell command -v $(PKG_CONFIG) >/dev/null && $(PKG_CONFIG) --libs $(1))

ifeq ($(FLAVOUR),release)
O := build
FLAVOUR_CFLAGS := -D_FORTIFY_SOURCE=2
FLAVOUR_LDFLAGS :=
else ifeq ($(FLAVOUR),asan)
O := build/asan
FLAVOUR_CFLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAVOUR_LDFLAGS := -fsanitize=address,undefined
else ifeq ($(FLAVOUR),fuzz)
O := build/fuzz
CC := clang
FLAVOUR_CFLAGS := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FLAVOUR_LDFLAGS := -fsanitize=address,undefined
else
$(error FLAVOUR is release, asan or fuzz)
endif

HG_CFLAGS := -std=c17 -D_GNU_SOURCE -DHGT_VERSION='"$(VERSION)"' -DHGT_LIBEXECDIR='"$(LIBEXECDIR)"' \
	-DHGT_SYSCONFDIR='"$(SYSCONFDIR)"' -DHGT_SHAREDIR='"$(SHAREDIR)"' -Iinclude -Ilib -I. \
	-Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wpointer-arith -Wwrite-strings \
	-Wundef $(WERROR) -fstack-protector-strong -fstack-clash-protection -fPIE -pthread -MMD -MP $(FLAVOUR_CFLAGS)
HG_LDFLAGS := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--gc-sections $(FLAVOUR_LDFLAGS)

# libgit2 as packaged loads TLS and ssh libraries and parses a CA bundle on every start, 8 ms a process; nothing here lets
# libgit2 speak to the network. Where its static library links with lib/git/no_transport.c in place of the transports it is
# taken so (0.3 ms); elsewhere, and with LIBGIT2=shared, the shared one is.
GIT2_STATIC_LIBS := -l:libgit2.a -l:libpcre2-8.a -l:libmbedcrypto.a -l:libhttp_parser.a -l:libz.a
ifndef LIBGIT2
LIBGIT2 := $(shell printf '\043include <git2.h>\nint main(void){return git_libgit2_init()<0;}\n' > /tmp/hgt-probe-$$$$.c; \
	$(CC) -o /tmp/hgt-probe-$$$$ /tmp/hgt-probe-$$$$.c lib/git/no_transport.c $(GIT2_STATIC_LIBS) >/dev/null 2>&1 \
	&& echo static || echo shared; rm -f /tmp/hgt-probe-$$$$ /tmp/hgt-probe-$$$$.c)
endif
ifeq ($(LIBGIT2),static)
GIT2_LIBS := $(GIT2_STATIC_LIBS)
else
GIT2_LIBS := $(call libs_of,libgit2)
endif
# Each shared library costs every start 0.04 ms; libyaml's own calls go through tables then. Where it is there as an archive, that.
YAML_FOUND  := $(if $(filter static,$(LIBGIT2)),$(filter /%,$(shell $(CC) -print-file-name=libyaml.a)))
YAML_PLAIN  := $(or $(YAML_FOUND),$(call libs_of,yaml-0.1))
# A tenth of all that a check takes is what libyaml spends in malloc: lib/doc/yaml_memory.h. Sanitizers look at the real one.
YAML_O      := $(if $(and $(YAML_FOUND),$(filter release,$(FLAVOUR)),$(shell command -v $(OBJCOPY))),$(O)/libyaml.a)
YAML_LIBS   := $(or $(YAML_O),$(YAML_PLAIN))
NETTLE_LIBS := $(call libs_of,nettle)
EVENT_LIBS  := $(call libs_of,libevent_core libevent_extra)
SQLITE_LIBS := $(call libs_of,sqlite3)
CURL_LIBS   := $(call libs_of,libcurl)
ZLIB_LIBS   := $(call libs_of,zlib)
PCRE2_LIBS  := $(call libs_of,libpcre2-8)
TLS_LIBS    := $(call libs_of,libevent_openssl libssl libcrypto libevent_core)

# Programs. Each links only what it needs: the archive gives the linker no more than is asked of it.
BIN := $(O)/bin
LIBEXEC := $(O)/libexec/headgate
PROGRAMS := $(BIN)/headgate $(BIN)/headgated $(BIN)/headgate-agent $(BIN)/headgate-pre-receive \
	$(BIN)/headgate-post-receive $(LIBEXEC)/headgate-remote

LIB_SRC    := $(sort $(filter-out lib/git/no_transport.c,$(wildcard lib/*/*.c)))
DAEMON_SRC := $(sort $(wildcard daemon/*.c))
AGENT_SRC  := $(sort $(wildcard agent/*.c))
TLS_SRC    := tls/load.c
CLI_SRC    := $(sort $(wildcard cli/*.c))
REMOTE_SRC := $(sort $(wildcard cli/remote/*.c))
HOOKS_SRC  := $(sort $(filter-out hooks/pre_receive.c hooks/post_receive.c,$(wildcard hooks/*.c)))
comma := ,
objects = $(patsubst %.c,$(O)/obj/%.o,$(1))

LIB    := $(O)/libheadgate.a
GIT_O  := $(if $(filter static,$(LIBGIT2)),$(O)/obj/lib/git/no_transport.o)
HOOKS  := $(O)/libhooks.a

# Packs of Kubernetes' own kinds, made by the headgate that has just been built; contrib/schemas has what they are made of.
PACKS       := $(patsubst contrib/schemas/%.yaml,$(O)/share/headgate/schemas/%.pack,$(wildcard contrib/schemas/kubernetes-*.yaml))
CONSTRAINTS := $(sort $(wildcard contrib/schemas/constraints/*.yaml))

# OpenSSL costs a process two megabytes: the daemon and the agent load it, in a module, when their config asks for TLS.
TLS_MODULE := $(LIBEXEC)/headgate-tls.so

all: $(PROGRAMS) $(TLS_MODULE) $(PACKS)

$(O)/share/headgate/schemas/%.pack: contrib/schemas/%.yaml $(CONSTRAINTS) $(BIN)/headgate
	@mkdir -p $(@D)
	$(BIN)/headgate schema import --quiet $(if $(CONSTRAINTS),--constraints contrib/schemas/constraints) -o $@ $<

$(BIN)/headgate: $(call objects,$(CLI_SRC)) $(LIB) $(GIT_O)
$(BIN)/headgate: LIBS = $(YAML_LIBS) $(GIT2_LIBS) $(NETTLE_LIBS) $(PCRE2_LIBS)
$(LIBEXEC)/headgate-remote: $(call objects,$(REMOTE_SRC) cli/terminal.c cli/progress.c) $(LIB)
$(LIBEXEC)/headgate-remote: LIBS = $(CURL_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) $(NETTLE_LIBS)
$(BIN)/headgated: $(call objects,$(DAEMON_SRC) $(TLS_SRC)) $(LIB) $(GIT_O)
$(BIN)/headgated: LIBS = $(EVENT_LIBS) $(SQLITE_LIBS) $(YAML_LIBS) $(GIT2_LIBS) $(NETTLE_LIBS) $(ZLIB_LIBS)
$(BIN)/headgate-agent: $(call objects,$(AGENT_SRC) $(TLS_SRC)) $(LIB)
$(BIN)/headgate-agent: LIBS = $(EVENT_LIBS) $(YAML_LIBS) $(NETTLE_LIBS) $(ZLIB_LIBS)
$(BIN)/headgate-pre-receive: $(O)/obj/hooks/pre_receive.o $(HOOKS) $(LIB) $(GIT_O)
$(BIN)/headgate-pre-receive: LIBS = $(YAML_LIBS) $(GIT2_LIBS) $(NETTLE_LIBS) $(PCRE2_LIBS)
$(BIN)/headgate-post-receive: $(O)/obj/hooks/post_receive.o $(HOOKS) $(LIB)
$(BIN)/headgate-post-receive: LIBS = $(YAML_LIBS)

$(PROGRAMS):
	@mkdir -p $(@D)
	$(CC) $(HG_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

$(TLS_MODULE): $(patsubst %.c,$(O)/pic/%.o,$(sort $(wildcard tls/module/*.c)))
	@mkdir -p $(@D)
	$(CC) -shared $(filter-out -pie -Wl$(comma)--gc-sections,$(HG_LDFLAGS)) $(LDFLAGS) -o $@ $^ $(TLS_LIBS)

$(O)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(filter-out -fPIE,$(HG_CFLAGS)) -fPIC -fvisibility=hidden -c -o $@ $<

# What both hooks share is an archive too: the gate in it, and libgit2 behind that, is not for post-receive.
$(HOOKS): $(call objects,$(HOOKS_SRC))
	@rm -f $@
	$(AR) rcsD $@ $^

$(LIB): $(call objects,$(LIB_SRC)) | $(YAML_O)
	@rm -f $@
	$(AR) rcsD $@ $(filter %.o,$^)

# One that takes memory in other ways than these stays as it is.
$(O)/libyaml.a: $(YAML_FOUND)
	@mkdir -p $(@D)
	if nm -u $< | grep -qwE 'calloc|reallocarray|strndup|aligned_alloc|posix_memalign|asprintf|vasprintf'; then cp $< $@; else \
	$(OBJCOPY) --redefine-sym malloc=hgt_yaml_malloc --redefine-sym realloc=hgt_yaml_realloc \
		--redefine-sym strdup=hgt_yaml_strdup --redefine-sym free=hgt_yaml_free $< $@; fi

$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HG_CFLAGS) -c -o $@ $<

# The assembler reads these where the compiler does not see it.
$(O)/obj/lib/schema/metaschemas.o: $(wildcard lib/schema/metaschemas/*.json)
$(O)/obj/agent/ansible_report.o: agent/ansible_events.py

# The dashboard's files are in the daemon as they are and compressed.
DASHBOARD := $(sort $(wildcard daemon/dashboard/*))
$(O)/dashboard/%.gz: daemon/dashboard/%
	@mkdir -p $(@D)
	gzip -9nc $< > $@
$(O)/obj/daemon/dashboard.o: $(DASHBOARD) $(patsubst daemon/dashboard/%,$(O)/dashboard/%.gz,$(DASHBOARD))
$(O)/obj/daemon/dashboard.o: HG_CFLAGS += -DDASHBOARD_PACKED='"$(O)/dashboard"'

# Unit tests: one program a source, with the library, and for tests of a program's rooms its objects without main.
UNIT_SRC  := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN  := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT_SRC))
UNIT_HELP := $(call objects,$(sort $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))))
PARTS_SRC := $(filter-out %/main.c,$(DAEMON_SRC) $(AGENT_SRC) $(CLI_SRC) $(REMOTE_SRC)) $(HOOKS_SRC) $(TLS_SRC)
PARTS     := $(O)/libparts.a
ALL_LIBS  := $(EVENT_LIBS) $(SQLITE_LIBS) $(CURL_LIBS) $(YAML_LIBS) $(GIT2_LIBS) $(NETTLE_LIBS) $(ZLIB_LIBS) $(PCRE2_LIBS)

$(PARTS): $(call objects,$(PARTS_SRC))
	@rm -f $@
	$(AR) rcsD $@ $^

$(O)/unit/%: $(O)/obj/tests/unit/%.o $(UNIT_HELP) $(PARTS) $(LIB) $(GIT_O)
	@mkdir -p $(@D)
	$(CC) $(HG_LDFLAGS) $(LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc -o $@ $(filter %.o,$^) \
		$(PARTS) $(LIB) -lcmocka $(ALL_LIBS)

# Fuzz targets: replayed over their corpus under any compiler, run for real with FLAVOUR=fuzz.
FUZZ_SRC    := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAY := $(patsubst tests/fuzz/%.c,$(O)/replay/%,$(FUZZ_SRC))
FUZZ_BIN    := $(patsubst tests/fuzz/%.c,$(O)/bin/%,$(FUZZ_SRC))

$(O)/replay/%: $(O)/obj/tests/fuzz/%.o $(O)/obj/tests/fuzz/replay.o $(PARTS) $(LIB) $(GIT_O)
	@mkdir -p $(@D)
	$(CC) $(HG_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(PARTS) $(LIB) $(ALL_LIBS)

$(O)/bin/fuzz_%: $(O)/obj/tests/fuzz/fuzz_%.o $(PARTS) $(LIB) $(GIT_O)
	@mkdir -p $(@D)
	$(CC) $(HG_LDFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(PARTS) $(LIB) $(ALL_LIBS)

unit-bins: $(UNIT_BIN) $(TLS_MODULE) $(PACKS)
replay-bins: $(FUZZ_REPLAY) $(PACKS)
fuzz-bins: $(FUZZ_BIN) $(PACKS)

# Helpers of the tests and benches that are programs of their own: tests/tools/x.c -> build/tools/x.
# tests/tools/faults.c is a library instead, which tests load into programs; it knows nothing of sanitizers.
TOOLS_SRC := $(sort $(filter-out tests/tools/faults.c,$(wildcard tests/tools/*.c)))
TOOLS_BIN := $(patsubst tests/tools/%.c,$(O)/tools/%,$(TOOLS_SRC)) $(O)/tools/faults.so
$(O)/tools/%: $(O)/obj/tests/tools/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(HG_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(EVENT_LIBS) $(YAML_PLAIN) $(NETTLE_LIBS) $(PCRE2_LIBS) $(LIBS)
$(O)/tools/subscribers: $(call objects,$(sort $(wildcard tests/tools/load/*.c)))
$(O)/tools/subscribers: LIBS = $(TLS_LIBS)
$(O)/tools/fleet: $(call objects,tests/tools/load/figures.c tests/tools/load/push.c)
$(O)/tools/faults.so: tests/tools/faults.c
	@mkdir -p $(@D)
	$(CC) -std=c17 -D_GNU_SOURCE -Wall -Wextra $(WERROR) -O2 -g -shared -fPIC -pthread -o $@ $<
tools: $(TOOLS_BIN)

# Public test suites, and the programs that run them: tests/suite/x.c -> build/suite/x. `make suites` fetches.
SUITE_SRC := $(sort $(wildcard tests/suite/*.c))
SUITE_BIN := $(patsubst tests/suite/%.c,$(O)/suite/%,$(SUITE_SRC))
$(O)/suite/%: $(O)/obj/tests/suite/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(HG_LDFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(YAML_LIBS) $(NETTLE_LIBS) $(PCRE2_LIBS)
suite-bins: $(SUITE_BIN)
suites:
	@contrib/suites.sh
	@contrib/receivers.sh
	@contrib/tofu.sh
	@contrib/dashboard.sh
peers:
	@contrib/peers.sh
# The facts of contrib/schemas/kubernetes-*.yaml anew, out of Go modules.
schemas-native:
	@contrib/schemas/generate
# Packs of OpenShift, Flux, Argo CD and others, out of Go modules; SCHEMAS="flux argo-cd" makes these alone.
schemas: $(BIN)/headgate
	@contrib/schemas/fetch $(BIN)/headgate $(O)/share/headgate/schemas $(SCHEMAS)

# Every header compiles alone.
HEADERS := $(sort $(wildcard include/headgate/*.h lib/*/*.h daemon/*.h agent/*.h cli/*.h cli/remote/*.h hooks/*.h tls/*.h tls/module/*.h))
check-headers: $(patsubst %.h,$(O)/headers/%.ok,$(HEADERS))
$(O)/headers/%.ok: %.h
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $< | $(CC) $(CFLAGS) $(filter-out -MMD -MP,$(HG_CFLAGS)) -fsyntax-only -x c - && touch $@

deps:
	@contrib/deps.sh
deps-%:
	@contrib/deps.sh $(subst -, ,$*)

check: deps-build-web-test
	@tests/run --unit --fuzz --suites --differential --headers --docs --e2e --openapi --cluster-replay --receivers --dashboard --crash --valgrind
check-unit: deps-build-test
	@tests/run --unit
check-e2e: deps-build-web-test
	@tests/run --e2e
check-asan: deps-build-web-test
	@tests/run --asan
check-openapi: deps-build-web-test
	@tests/run --openapi
check-docs: deps-build-web-test
	@tests/run --docs
# The same as in check, but all of it; TRIALS=1000 kill trials, 300 of mirrors (MIRROR_TRIALS), and each call of the small scenarios. --write as in tests/crash/run.
check-crash: deps-build-test all tools
	@TRIALS=$(or $(TRIALS),1000) tests/crash/run
	@tests/crash/many
# The units under a real systemd, in namespaces of its own; as root.
check-systemd: deps-build-test all
	@tests/operate/systemd
check-differential: deps-build-test
	@tests/run --mutants
check-cluster: deps-build-test all
	@tests/cluster/run
fuzz: deps-build-fuzz
	@tests/fuzz/run
bench: deps-build-web-test-suites
	@tests/bench/run $(BENCH)
quickstart: deps-build-web
	@contrib/quickstart/start
quickstart-stop:
	@contrib/quickstart/stop

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(DOCDIR) \
		$(DESTDIR)$(SHAREDIR)/schemas $(DESTDIR)$(SHAREDIR)/grafana $(DESTDIR)$(SHAREDIR)/prometheus
	install $(BIN)/headgate $(BIN)/headgate-agent $(DESTDIR)$(BINDIR)
	install $(BIN)/headgated $(DESTDIR)$(SBINDIR)
	install $(BIN)/headgate-pre-receive $(BIN)/headgate-post-receive $(LIBEXEC)/headgate-remote $(DESTDIR)$(LIBEXECDIR)
	install -m 644 $(TLS_MODULE) $(DESTDIR)$(LIBEXECDIR)
	install -m 644 $(O)/share/headgate/schemas/*.pack $(DESTDIR)$(SHAREDIR)/schemas
	install -m 644 contrib/grafana/headgate.json $(DESTDIR)$(SHAREDIR)/grafana
	install -m 644 contrib/prometheus/headgate.rules.yml $(DESTDIR)$(SHAREDIR)/prometheus
	for s in 1 5 8; do for page in docs/*.$$s; do \
		[ ! -e $$page ] || install -m 644 $$page $(DESTDIR)$(MANDIR)/man$$s || exit 1; done; done
	for unit in contrib/systemd/*.service contrib/systemd/*.socket; do sed -e 's,@SBINDIR@,$(SBINDIR),g;s,@BINDIR@,$(BINDIR),g' $$unit \
		> $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; done
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 644 contrib/completion/headgate.bash $(DESTDIR)$(BASHDIR)/headgate
	install -m 644 contrib/completion/_headgate $(DESTDIR)$(ZSHDIR)
	install -m 644 contrib/completion/headgate.fish $(DESTDIR)$(FISHDIR)
	install -m 644 README.md INSTALL LICENSE docs/*.md $(wildcard docs/*.svg docs/*.png) $(DESTDIR)$(DOCDIR)

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/headgate $(DESTDIR)$(BINDIR)/headgate-agent $(DESTDIR)$(SBINDIR)/headgated
	rm -f $(DESTDIR)$(BASHDIR)/headgate $(DESTDIR)$(ZSHDIR)/_headgate $(DESTDIR)$(FISHDIR)/headgate.fish
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(SHAREDIR) $(DESTDIR)$(DOCDIR)
	for s in 1 5 8; do for page in docs/*.$$s; do rm -f $(DESTDIR)$(MANDIR)/man$$s/$${page##*/}; done; done
	for unit in contrib/systemd/*.service contrib/systemd/*.socket; do rm -f $(DESTDIR)$(UNITDIR)/$${unit##*/}; done

clean:
	rm -rf build

help:
	@echo 'make                 build the programs into build/bin'
	@echo 'make quickstart      build, then run the main job on a demo repository; quickstart-stop ends and removes it'
	@echo 'make check           every test: unit, fuzz corpus, headers, man pages, end to end, what an API server judged, valgrind'
	@echo 'make check-unit, check-e2e, check-asan, check-headers, check-docs   parts of it, and the sanitizer run'
	@echo 'make check-crash     kill headgated and fail its disk a few thousand times, mirrors 300 times, push 100,000 refs at once, and look for anything lost; TRIALS=1000, SEED='
	@echo 'make check-systemd   the units under a real systemd, which is process 1 of namespaces of its own; as root'
	@echo 'make check-cluster   ask a real kube-apiserver, built once from its Go modules, about tests/cluster/corpus again, and an agent applies to it'
	@echo 'make check-differential   ask kubectl'"'"'s YAML reader, built from its Go modules, about tests/differential and mutants of it'
	@echo 'make suites          fetch the public test suites, receivers of webhooks and a browser, which make check then runs too'
	@echo 'make schemas         packs of OpenShift, Flux, Argo CD, Gateway API, cert-manager and others, out of Go modules'
	@echo 'make fuzz            libFuzzer over every parser, SECONDS_EACH=60 each'
	@echo 'make bench           the figures of the README and of docs/performance.md, measured here; BENCH="--write streams idle fleet mirrors" writes that page'
	@echo 'make peers           fetch and build what make bench measures Headgate against; needs Go'
	@echo 'make install         into PREFIX (/usr/local); DESTDIR, SYSCONFDIR, LIBEXECDIR and the rest are honoured'
	@echo 'make deps            install the Debian packages that building and testing need'
	@echo 'Options: FLAVOUR=asan, LIBGIT2=shared, WERROR=, CFLAGS, LDFLAGS'

.PHONY: all check check-systemd check-unit check-e2e check-asan check-headers check-openapi check-docs check-crash check-cluster check-differential fuzz bench quickstart \
	quickstart-stop deps install uninstall clean help unit-bins replay-bins fuzz-bins tools suite-bins suites peers schemas schemas-native
.SECONDARY:
.DELETE_ON_ERROR:

-include $(shell find $(O)/obj $(O)/pic -name '*.d' 2>/dev/null)
