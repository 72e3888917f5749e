/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tun_lanes.c - several queues of a device for one thread, so that packets pass a bulk transfer.
 *
 * The kernel asks a program of ours for the queue of each packet. Left to itself it would send a
 * flow to the queue to which its answers were last written, and we write to one only.
 */
#include "host/tun.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The queue of a packet by its flow's hash. Of what this machine sends only TCP has one; what has
 * none goes to the first queue, the echoes and datagrams among it.
 */
static int
load_program(size_t lanes)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_1,
		    .off = offsetof(struct __sk_buff, hash) },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .imm = 0, .off = 2 },
		{ .code = BPF_ALU64 | BPF_MOD | BPF_K, .dst_reg = BPF_REG_0, .imm = (int)lanes },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)program,
		.insn_cnt = ARRAY_LEN(program),
		.license = (uintptr_t)"GPL",
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* While the device has one queue that is what any number means. */
static int
steer(const struct tun *t, size_t lanes)
{
	int fd = load_program(lanes);
	int rc;

	if (fd < 0)
		return -errno;
	rc = ioctl(t->fd, TUNSETSTEERINGEBPF, &fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

size_t
tun_open_lanes(struct tun *t, struct tun *lanes, size_t count)
{
	size_t n = 0;

	assert(t->several && count > 0);
	if (steer(t, count) < 0)
		return 0;
	while (n < count && tun_join_lane(&lanes[n], t) == 0)
		n++;
	return n;
}
