/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * commands.c - THE TABLE: every command is one entry, its usage, its function and its help.
 *
 * A line without a pattern is a heading. Commands that begin with the same word stand together.
 */
#include "cli/cmd.h"

const char global_options[] = "[--state <dir>] [--json] [--porcelain] [--help] [--version]";

/* clang-format off */
const struct command commands[] = {
	{ NULL, NULL, "authority" },
	{ "ca init [<name>] [--network <cidr>]... [--lighthouse <endpoint>] [--lifetime <duration>] "
	  "[--cosigners <k-of-n>] [--cosigner <file>]... [--psk] [--issuing] [--ca <file>] "
	  "[--no-passphrase] [--passphrase-fd <number>]", cmd_ca_init,
	  "make a network: an authority with its ranges of addresses; or apply to one" },
	{ "ca show", cmd_ca_show,
	  "show the network, how its key is kept, and its lighthouses" },
	{ "ca list [--expiring <duration>]", cmd_ca_list,
	  "list every certificate that was signed" },
	{ "ca log [--verify]", cmd_ca_log,
	  "show what was done, or verify that nobody changed the ledger" },
	{ "ca export [--ca] [--network-state] [<name>]", cmd_ca_export,
	  "print the authority's certificate, or a host's bundle without its key" },
	{ "ca check", cmd_ca_check,
	  "verify the ledger, and tell which certificates are close to their end" },
	{ "ca state [--sign] [--required] [--not-required] [--out <file>] "
	  "[--passphrase-fd <number>]", cmd_ca_state,
	  "show or sign what everybody is told: who is revoked" },
	{ "ca rotate [--overlap <duration>] [--lifetime <duration>] [--cosigners <k-of-n>] "
	  "[--cosigner <file>]... [--out <file>] [--passphrase-fd <number>]", cmd_ca_rotate,
	  "give the network a new root, and everybody time to move over" },
	{ "ca serve [--foreground] [--approve] [--no-key] [--keep-old-keys] "
	  "[--passphrase-fd <number>]", cmd_ca_serve,
	  "answer hosts that were invited, and members that need their next certificate" },
	{ "ca pending [--approve <name>] [--deny <name>] [--yes] [--passphrase-fd <number>]",
	  cmd_ca_pending,
	  "list who was invited and who waits, or say yes or no to one" },
	{ "ca renew --pending [--out <file>] [--passphrase-fd <number>]", cmd_ca_renew,
	  "sign for all who wait and need no decision" },
	{ "ca backup <file> [--no-passphrase] [--passphrase-fd <number>]", cmd_ca_backup,
	  "write the whole authority into one sealed file" },
	{ "ca restore [<file>] [--network-state <file>] [--go-back] "
	  "[--passphrase-fd <number>]", cmd_ca_restore,
	  "put a backup in place, or take over what the network was told since" },
	{ "ca admit <file> [--network <cidr>]... [--suffix <text>] [--any-name] [--groups <list>]... "
	  "[--routes <list>]... [--flags <list>] [--lifetime <duration>] [--max-lifetime <duration>] "
	  "[--shared] [--replace] [--yes] [--out <file>] [--passphrase-fd <number>]", cmd_ca_admit,
	  "let an organisation certify hosts of its own, within these limits" },
	{ "ca join <charter> [--ca <file>]", cmd_ca_join,
	  "take the charter with which a root admits this authority" },
	{ "ca cosigner <name> [--out <file>] [--no-passphrase] [--passphrase-fd <number>]",
	  cmd_ca_cosigner,
	  "make a key to sign for networks together with others, and its card for them" },
	{ "ca cosign <file>... [--yes] [--go-back] [--replace] [--shared] "
	  "[--public <endpoint>]... [--out <file>] [--passphrase-fd <number>]", cmd_ca_cosign,
	  "add this co-signer's signature to a draft, or take one that has enough" },
	{ "sign <name>... [--ip <addr>]... [--groups <list>]... [--routes <list>]... "
	  "[--lifetime <duration>] [--replace] [--lighthouse] [--public <endpoint>]... "
	  "[--tcp <port>] [--relay] [--no-relay] [--request <file>] [--yes] [--stock] "
	  "[--public-key <base64>] [--out <file>] [--passphrase-fd <number>]", cmd_sign,
	  "certify hosts, and write a bundle for each" },
	{ "invite <name> [--expires <duration>] [--approve] [--qr] [--withdraw] "
	  "[--lighthouse <name>] [--ip <addr>]... [--groups <list>]... [--routes <list>]... "
	  "[--lifetime <duration>] [--relay]", cmd_invite,
	  "print a line with which a host becomes a member" },
	{ "revoke [<name>]... [--certificate <file>] [--older-than <duration>] "
	  "[--out <file>] [--passphrase-fd <number>]", cmd_revoke,
	  "end the certificates of a host, or of an organisation, for everybody" },
	{ "inspect <file>", cmd_inspect,
	  "say what is in a certificate, bundle, request, card, state or draft" },

	{ NULL, NULL, "host" },
	{ "request <name> --ca <file> [--lighthouse]", cmd_request,
	  "ask to be certified with a key that never leaves this host" },
	{ "join <bundle> [--endpoint <endpoint>]", cmd_join,
	  "become a member by a bundle, a token or - (to be asked for one); or take a state" },
	{ "up [<bundle>] [--foreground] [--allow-all] [--listen <port>] "
	  "[--interface <name>] [--namespace]", cmd_up,
	  "join the mesh, with a bundle the first time" },
	{ "lighthouse [<bundle>] [--foreground] [--listen <port>] [--tcp <port>] "
	  "[--public <endpoint>] [--stun] [--passphrase-fd <number>]", cmd_lighthouse,
	  "be the public meeting point of a mesh" },
	{ "exec -- <program>...", cmd_exec,
	  "run a program in the mesh; without root and a daemon, in a namespace of its own" },
	{ "down", cmd_down,
	  "stop the daemon, and leave nothing behind on this machine's network" },
	{ "reload", cmd_reload,
	  "let the daemon read its state again" },
	{ "renew [--rekey] [--offline]", cmd_renew,
	  "get the next certificate now, instead of in time, or one for a new key" },
	{ "leave [--yes]", cmd_leave,
	  "forget the network and the key" },

	{ NULL, NULL, "seeing" },
	{ "status", cmd_status,
	  "show what this host is, and how it is" },
	{ "peers", cmd_peers,
	  "list the other members, and how they are reached" },
	{ "peer <peer>", cmd_peer,
	  "show all that is known of one member, and every path to it" },
	{ "ping <peer> [--count <number>] [--interval <seconds>] [--timeout <seconds>] "
	  "[--size <bytes>]", cmd_ping,
	  "see whether a member answers, how fast, and by which path" },
	{ "why [<peer>] [--watch] [--codes]", cmd_why,
	  "say why a member is reached as it is, what was measured, and what would help" },
	{ "netcheck [--again]", cmd_netcheck,
	  "say what network this host is in, and what that means for reaching others" },
	{ "metrics", cmd_metrics,
	  "print what is counted and measured, for Prometheus" },
	{ "state", cmd_state,
	  "print the newest state of the network that this host has" },
	{ "routes", cmd_routes,
	  "list what the kernel sends into the mesh" },

	{ NULL, NULL, "computing" },
	{ "study new <name> --parties <list> [--port <port>] [--out <file>]", cmd_study_new,
	  "propose to compute together: an ordered list of parties, the first is party 0" },
	{ "study list", cmd_study_list,
	  "list the studies of this host, and how many have accepted them" },
	{ "study show <study|file>", cmd_study_show,
	  "show the parties of a study, and how each stands to it" },
	{ "study accept <study|file> [--words] [--yes]", cmd_study_accept,
	  "let this host take part in a study" },
	{ "study close <study>", cmd_study_close,
	  "have nothing more to do with a study" },
	{ "run <study> [--restart <number>] [--wait <duration>] [--timeout <duration>] "
	  "[--absence <duration>] [--expand] [--log <dir>] [--watch] [--report <file>] -- "
	  "<program>...", cmd_run,
	  "run a program with the other parties; --report makes <file>.json and .svg" },
	{ "mpyc-args <study|file> [--env] [--template <text>] [--each <text>]", cmd_mpyc_args,
	  "print what a program is told of the parties: MPyC's options, or any other text" },

	{ NULL, NULL, "settings" },
	{ "set <key> <value>", cmd_set,
	  "change a setting of the daemon" },
	{ "get [<key>]", cmd_get,
	  "show the settings, or one" },
	{ "unset <key>", cmd_unset,
	  "go back to a setting's default" },
	{ "allow [<who>] [<protocol/port>]", cmd_allow,
	  "let a member or group:NAME in (tcp/80, udp, icmp, any), or list who is" },
	{ "pin [<peer>] [<words>]...", cmd_pin,
	  "accept one key only for a member: the one it has, or the one that it says; or list" },
	{ "unpin <peer>", cmd_unpin,
	  "accept for a member whatever key the authority certifies" },
	{ "disallow <who> [<protocol/port>]", cmd_disallow,
	  "take such a rule back" },

	{ NULL, NULL, "help" },
	{ "help [<command>]...", cmd_help,
	  "list the commands, or show how one is used" },
	{ "version", cmd_version,
	  "show the version of the program" },
	{ "completion bash|zsh|fish", cmd_completion,
	  "print the script that lets a shell complete mpynet's commands" },
	{ "watch <command>... [--every <duration>]", cmd_watch,
	  "run a command again and again" },
	{ "__complete [<word>]...", cmd_complete,
	  "list what could be typed for the last word" },

	{ NULL, NULL, NULL },
};
