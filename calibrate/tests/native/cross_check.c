// What the network stack of this kernel costs, measured without espsim: cycles of a datagram among 64 of a sendmmsg, of a
// send call, of a segment that the kernel cuts, of forwarding a packet. Prints four lines, a name and a number each; on
// what it lacks it prints that line alone and ends with 77.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/pkt_sched.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 41, BATCH = 64, SIZES = 4, SHAPES = 6, LACKS = 77 };

static void lacks(const char *what) {
    printf("lacks %s: %s\n", what, strerror(errno));
    exit(LACKS);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n) {
    qsort(values, n, sizeof *values, ascending);
    return values[n / 2];
}

// Additions that wait for each other, a cycle each; the fastest of many passes of a millisecond.
static double frequency(void) {
    double best = 0;
    for (int pass = 0; pass < 300; pass++) {
        unsigned long sum = 1, blocks = 60000, block;
        double start = seconds();
        for (block = 0; block < blocks; block++)
#if defined(__x86_64__)
            __asm__ volatile(".rept 64\n\tadd %1, %0\n\t.endr" : "+r"(sum) : "r"(3UL));
#elif defined(__aarch64__)
            __asm__ volatile(".rept 64\n\tadd %0, %0, %1\n\t.endr" : "+r"(sum) : "r"(3UL));
#else
#error "no chain of additions for this CPU"
#endif
        double hertz = blocks * 64 / (seconds() - start);
        if (hertz > best) best = hertz;
    }
    return best;
}

// A request to rtnetlink, put together piece by piece.
static struct {
    struct nlmsghdr header;
    char body[2000];
} request;
static int rtnetlink, control;

static void *append(int length) {
    void *at = (char *)&request + NLMSG_ALIGN(request.header.nlmsg_len);
    request.header.nlmsg_len = NLMSG_ALIGN(request.header.nlmsg_len) + length;
    return at;
}

static struct rtattr *attribute(int type, const void *data, int length) {
    struct rtattr *attribute = append(RTA_LENGTH(length));
    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(length);
    if (length) memcpy(RTA_DATA(attribute), data, length);
    return attribute;
}

static void close_nest(struct rtattr *nest) {
    nest->rta_len = (char *)&request + request.header.nlmsg_len - (char *)nest;
}

static void *begin(int type, int flags, int length) {
    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = NLMSG_LENGTH(0);
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    return append(length);
}

static int ask(void) {
    char answer[4096];
    if (send(rtnetlink, &request, request.header.nlmsg_len, 0) < 0) return errno;
    if (recv(rtnetlink, answer, sizeof answer, 0) < 0) return errno;
    return -((struct nlmsgerr *)NLMSG_DATA((struct nlmsghdr *)answer))->error;
}

static int make(const char *name, const char *kind, const char *peer) {
    begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    attribute(IFLA_IFNAME, name, strlen(name) + 1);
    struct rtattr *info = attribute(IFLA_LINKINFO, 0, 0);
    attribute(IFLA_INFO_KIND, kind, strlen(kind) + 1);
    if (peer) {
        struct rtattr *data = attribute(IFLA_INFO_DATA, 0, 0), *other = attribute(VETH_INFO_PEER, 0, 0);
        append(sizeof(struct ifinfomsg));
        attribute(IFLA_IFNAME, peer, strlen(peer) + 1);
        close_nest(other);
        close_nest(data);
    }
    close_nest(info);
    return errno = ask();
}

static void up(const char *name, const char *address) {
    struct ifreq ifreq = {0};
    strcpy(ifreq.ifr_name, name);
    ifreq.ifr_flags = IFF_UP;
    if (ioctl(control, SIOCSIFFLAGS, &ifreq)) lacks("an interface that goes up");
    if (!address) return;
    struct ifaddrmsg *message = begin(RTM_NEWADDR, NLM_F_CREATE, sizeof *message);
    message->ifa_family = AF_INET;
    message->ifa_prefixlen = 24;
    message->ifa_index = if_nametoindex(name);
    in_addr_t local = inet_addr(address);
    attribute(IFA_LOCAL, &local, sizeof local);
    attribute(IFA_ADDRESS, &local, sizeof local);
    if ((errno = ask())) lacks("an address");
}

static void neighbour(const char *name, const char *address) {
    const unsigned char hardware[6] = {2, 0, 0, 0, 0, 7};
    struct ndmsg *message = begin(RTM_NEWNEIGH, NLM_F_CREATE, sizeof *message);
    message->ndm_family = AF_INET;
    message->ndm_ifindex = if_nametoindex(name);
    message->ndm_state = NUD_PERMANENT;
    in_addr_t to = inet_addr(address);
    attribute(NDA_DST, &to, sizeof to);
    attribute(NDA_LLADDR, hardware, sizeof hardware);
    if ((errno = ask())) lacks("a neighbour");
}

// As a veth pair has none, and as little as a driver's own.
static void without_queue(const char *name) {
    struct tcmsg *message = begin(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, sizeof *message);
    message->tcm_family = AF_UNSPEC;
    message->tcm_ifindex = if_nametoindex(name);
    message->tcm_parent = TC_H_ROOT;
    attribute(TCA_KIND, "noqueue", sizeof "noqueue");
    if ((errno = ask())) lacks("a device without a queueing discipline");
}

static void drop_routes_to(const char *network) {
    struct rtmsg *message = begin(RTM_NEWROUTE, NLM_F_CREATE, sizeof *message);
    message->rtm_family = AF_INET;
    message->rtm_dst_len = 24;
    message->rtm_table = RT_TABLE_MAIN;
    message->rtm_protocol = RTPROT_STATIC;
    message->rtm_type = RTN_BLACKHOLE;
    in_addr_t to = inet_addr(network);
    attribute(RTA_DST, &to, sizeof to);
    if ((errno = ask())) lacks("a route to nowhere");
}

static void set(const char *path, const char *value) {
    int file = open(path, O_WRONLY);
    if (file < 0 || write(file, value, strlen(value)) < 0) lacks(path);
    close(file);
}

// A namespace of our own, by a user namespace where it has to be.
static void enter(void) {
    if (!unshare(CLONE_NEWNET)) return;
    char map[64];
    snprintf(map, sizeof map, "0 %d 1", (int)geteuid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET)) lacks("root or user namespaces");
    set("/proc/self/setgroups", "deny");
    set("/proc/self/uid_map", map);
}

// The slope of y over x, and y at 0.
static double slope(const double *x, const double *y, int n, double *at_zero) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < n; i++) sx += x[i], sy += y[i], sxx += x[i] * x[i], sxy += x[i] * y[i];
    double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    if (at_zero) *at_zero = (sy - slope * sx) / n;
    return slope;
}

// Cycles of a datagram of no octets: by send calls of their own, or 64 by a sendmmsg.
static double datagram(double hertz, int together) {
    static const double octets[SIZES] = {64, 400, 900, 1400};
    static double rounds[SIZES][ROUNDS];
    static char payload[1500];
    struct iovec part = {.iov_base = payload};
    struct mmsghdr messages[BATCH] = {0};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = inet_addr("10.91.1.7")};
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (connect(udp, (void *)&to, sizeof to)) lacks("a way for datagrams");
    for (int i = 0; i < BATCH; i++) messages[i].msg_hdr.msg_iov = &part, messages[i].msg_hdr.msg_iovlen = 1;
    for (int round = -3; round < ROUNDS; round++)
        for (int size = 0; size < SIZES; size++) {
            part.iov_len = octets[size];
            double start = seconds();
            if (together) {
                if (sendmmsg(udp, messages, BATCH, 0) != BATCH) lacks("sendmmsg");
            } else
                for (int i = 0; i < BATCH; i++)
                    if (send(udp, payload, part.iov_len, 0) < 0) lacks("send");
            if (round >= 0) rounds[size][round] = (seconds() - start) * hertz / BATCH;
        }
    double cycles[SIZES], at_zero;
    for (int size = 0; size < SIZES; size++) cycles[size] = median(rounds[size], ROUNDS);
    slope(octets, cycles, SIZES, &at_zero);
    close(udp);
    return at_zero;
}

static unsigned sum16(const void *data, int octets, unsigned sum) {
    for (const unsigned char *at = data; octets > 1; at += 2, octets -= 2) sum += at[0] << 8 | at[1];
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

// A TCP super-packet to a network, behind the header by which a packet socket is told its segments.
static int super_packet(char *frame, const unsigned char *hardware, const char *to, int segments, int size) {
    struct virtio_net_hdr *hint = (void *)frame;
    struct ether_header *ethernet = (void *)(frame + sizeof *hint);
    struct iphdr *ip = (void *)(ethernet + 1);
    struct tcphdr *tcp = (void *)(ip + 1);
    int payload = segments * size;
    memset(frame, 0, 70000);
    hint->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    hint->gso_type = segments > 1 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_NONE;
    hint->gso_size = segments > 1 ? size : 0;
    hint->hdr_len = 54, hint->csum_start = 34, hint->csum_offset = 16;
    memcpy(ethernet->ether_dhost, hardware, 6);
    ethernet->ether_shost[0] = 2;
    ethernet->ether_type = htons(ETHERTYPE_IP);
    ip->version = 4, ip->ihl = 5, ip->ttl = 64, ip->protocol = IPPROTO_TCP, ip->frag_off = htons(IP_DF);
    ip->tot_len = htons(40 + payload);
    ip->saddr = inet_addr("10.92.0.1"), ip->daddr = inet_addr(to);
    ip->check = htons(~sum16(ip, 20, 0));
    tcp->source = htons(4000), tcp->dest = htons(9), tcp->doff = 5, tcp->ack = 1, tcp->psh = 1, tcp->window = htons(9999);
    tcp->check = htons(sum16(&ip->saddr, 8, IPPROTO_TCP + 20 + payload));
    return sizeof *hint + 54 + payload;
}

// Cycles of super-packets that come in by a veth pair and are forwarded whole, cut, or dropped at the route lookup.
static void forwarding(double hertz, double *segment, double *forward) {
    static const char *ways[3] = {"10.93.0.7", "10.91.1.7", "10.91.2.7"};
    static const double shapes[SHAPES] = {1, 2, 5, 10, 20, 40};
    static char frames[3][SHAPES][70000];
    static double rounds[3][SHAPES][ROUNDS];
    int lengths[3][SHAPES], on = 1, packets = socket(AF_PACKET, SOCK_RAW, 0);
    struct ifreq inner = {0};
    struct sockaddr_ll outer = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex("check-out")};
    strcpy(inner.ifr_name, "check-in");
    if (ioctl(control, SIOCGIFHWADDR, &inner)) lacks("a hardware address");
    if (setsockopt(packets, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) || bind(packets, (void *)&outer, sizeof outer))
        lacks("packet sockets");
    for (int way = 0; way < 3; way++)
        for (int shape = 0; shape < SHAPES; shape++)
            lengths[way][shape] = super_packet(frames[way][shape], (void *)inner.ifr_hwaddr.sa_data, ways[way], shapes[shape], 1000);
    for (int round = -3; round < ROUNDS; round++)
        for (int way = 0; way < 3; way++)
            for (int shape = 0; shape < SHAPES; shape++) {
                int count = 120 / shapes[shape] < 3 ? 3 : 120 / shapes[shape];
                double start = seconds();
                for (int i = 0; i < count; i++)
                    if (send(packets, frames[way][shape], lengths[way][shape], 0) < 0) lacks("injecting packets");
                if (round >= 0) rounds[way][shape][round] = (seconds() - start) * hertz / count;
            }
    double cut[SHAPES], sum = 0;
    for (int shape = 0; shape < SHAPES; shape++) {
        double dropped = median(rounds[0][shape], ROUNDS);
        cut[shape] = median(rounds[2][shape], ROUNDS) - dropped;
        if (shapes[shape] <= 5) sum += (median(rounds[1][shape], ROUNDS) - dropped) / 3;
    }
    *segment = slope(shapes, cut, SHAPES, 0);
    *forward = sum;
}

int main(int count, char **arguments) {
    cpu_set_t cpu;
    CPU_ZERO(&cpu);
    if (count > 1) CPU_SET(atoi(arguments[1]), &cpu), sched_setaffinity(0, sizeof cpu, &cpu);
    enter();
    rtnetlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    control = socket(AF_INET, SOCK_DGRAM, 0);
    const char *kind = make("check-whole", "dummy", 0) ? "ifb" : "dummy";
    if (kind[0] == 'i' && make("check-whole", kind, 0)) lacks("a device that drops (dummy, ifb)");
    if (make("check-cut", kind, 0)) lacks("a second device that drops");
    if (make("check-out", "veth", "check-in")) lacks("veth");
    set("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
    set("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
    set("/proc/sys/net/ipv4/conf/check-in/rp_filter", "0");
    set("/proc/sys/net/ipv4/ip_forward", "1");
    up("check-whole", "10.91.1.1"), neighbour("check-whole", "10.91.1.7");
    up("check-cut", "10.91.2.1"), neighbour("check-cut", "10.91.2.7");
    up("check-out", 0), up("check-in", "10.92.0.254");
    drop_routes_to("10.93.0.0");
    struct ethtool_value off = {.cmd = ETHTOOL_STSO};
    struct ifreq cut = {.ifr_data = (void *)&off};
    strcpy(cut.ifr_name, "check-cut");
    if (ioctl(control, SIOCETHTOOL, &cut)) lacks("switching TSO off");
    double hertz = frequency(), segment, forward;
    double datagrams = datagram(hertz, 1), call = datagram(hertz, 0);
    without_queue("check-whole"), without_queue("check-cut");
    forwarding(hertz, &segment, &forward);
    printf("datagram %.0f\ncall %.0f\nsegment %.0f\nforward %.0f\n", datagrams, call, segment, forward);
    return 0;
}
