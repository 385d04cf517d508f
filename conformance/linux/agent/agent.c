/*
 * The agent: does the system calls that it is told to, on the threads that it is told to, and
 * knows nothing of what they mean. No libc; x86-64 Linux only.
 *
 * It runs here, speaking over stdin and stdout, or as /init of a guest, speaking over the guest's
 * first virtio-serial port, which /0, /1 ... are the modules for. It ends when its input does: as /init by switching the machine off.
 * `agent COMMAND ARG...` becomes that command, which the kernel then kills when its parent dies.
 *
 * Wire: frames, little-endian, of {u32 kind, u32 thread, u64 length} and `length` bytes.
 *
 *   to the agent                             from the agent
 *   1 RUN   a program for that thread        1 HELLO  `uname -r`
 *   2 KICK  (empty) interrupts the thread    2 DONE   the results of the thread's oldest RUN
 *   3 RACE  {u64 repeat, u64 seed}, parts:   3 WORLD  the results of one world of the race, parts
 *           set-up, settle, tear-down,                in the order of the race's
 *           then each racing thread          4 DYING  {u64 cause, u64 address, u64 op}: the last
 *
 * A part is {u64 late, u64 length} and a program, or its results; `late` is 1 of the results of a
 * thread that had to be kicked. The first racing thread is thread 1.
 *
 * A program is a list of ops {u32 kind, u32 into, u64 number, {u64 slot, u64 plus} args[6]}. The
 * value of an argument is what is in its slot plus `plus`; slot ZERO always holds 0, and what
 * goes into slot DROP is never looked at. What has a result says it in 8 bytes, or in as many as
 * were asked for and zeros up to a multiple of 8:
 *
 *   1 SYSCALL  system call `number`, what it returned goes `into` a slot; the result is the same
 *   2 POKE     writes the `number` bytes that follow (and zeros up to a multiple of 8) to args[0]
 *   3 PEEK     the result is `number` bytes from args[0]
 *   4 LOAD     a u64 from args[0] goes `into` a slot
 *
 * Thread 0 is who reads the input: what comes after one of its programs waits until that is done.
 * The programs of each other thread queue up. SIGUSR1, the kick, is blocked: it ends only what
 * unblocks it while it waits (KVM_RUN by KVM_SET_SIGNAL_MASK, ppoll), and is forgotten with the
 * program that it was meant for.
 */
#include <asm/errno.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/time.h>
#include <linux/utsname.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

enum { RUN = 1, KICK, RACE };
enum { HELLO = 1, DONE, WORLD, DYING };
enum { SYSCALL = 1, POKE, PEEK, LOAD };
/* Causes of death that are no signals. */
enum { OUT_OF_SPACE = 256, UNKNOWN_FRAME, UNKNOWN_OP, STUCK };
enum { SLOTS = 512, ZERO = SLOTS, DROP };
enum { THREADS = 256, STACK = 1 << 16, BOX = 1 << 26, INPUT = 1 << 16 };
/*
 * How long a racing thread is waited for before it is kicked: if all that are still out sleep, and in any case;
 * and before it is given up. In tenths of a second.
 */
enum { ASLEEP = 2, PATIENCE = 10, NO_HOPE = 110 };
/* Spins at the barrier before another thread is let run; and the longest delay after it, in turns of a loop. */
enum { SPINS = 1000, DELAY_BITS = 15 };

struct frame { u32 kind, thread; u64 length; u8 body[]; };
struct arg { u64 slot, plus; };
struct op { u32 kind, into; u64 number; struct arg args[6]; u8 bytes[]; };
struct part { u64 late, length; u8 body[]; };

struct thread {
    u32 tid, lock;
    u32 put;            /* frames ever put into the inbox: the futex that it sleeps on */
    u32 owed, kicked;   /* programs that it has not finished; whether it was kicked in this one */
    u64 in, out;        /* the inbox holds frames from `out` to `in` */
    u8 *inbox;
    struct frame *reply;
    u64 op;             /* which op it is at, for the last words */
};

static struct thread threads[THREADS];
static u64 slots[SLOTS + 2];
static u32 output_lock;
static u8 input[INPUT];
static u64 input_at, input_end;
static int is_init;

/* What the racing threads share. The counters go up through all worlds of a race. */
static struct {
    u64 seed;
    u32 threads, repeat, opened, arrived, finished;
    struct part *parts[3 + THREADS];
} race;

/* --- Without a libc -------------------------------------------------------------------------- */

static long sys(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
    register u64 r10 asm("r10") = d, r8 asm("r8") = e, r9 asm("r9") = f;
    long result;
    asm volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

static void copy(void *to, const void *from, u64 length)
{
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

static u64 padded(u64 length)
{
    return (length + 7) & ~7ul;
}

static u32 get(u32 *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static u32 add(u32 *word, u32 number)
{
    return __atomic_add_fetch(word, number, __ATOMIC_ACQ_REL);
}

static void lock(u32 *word)
{
    while (__atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE))
        sys(__NR_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void unlock(u32 *word)
{
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

/* Sleeps while the word is `old`, and no longer than a tenth of a second if that is said. Answers 1 if the time was up. */
static int sleep_on(u32 *word, u32 old, int with_limit)
{
    const struct timespec tenth = { 0, 100000000 };
    return sys(__NR_futex, (u64)word, FUTEX_WAIT_PRIVATE, old, with_limit ? (u64)&tenth : 0, 0, 0) == -ETIMEDOUT;
}

static void wake(u32 *word)
{
    sys(__NR_futex, (u64)word, FUTEX_WAKE_PRIVATE, THREADS, 0, 0, 0);
}

static void *memory(u64 size)
{
    return (void *)sys(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* --- Frames ---------------------------------------------------------------------------------- */

static void __attribute__((noreturn)) leave(int status)
{
    if (is_init)
        sys(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0, 0, 0);
    for (;;)
        sys(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

static void say(struct thread *me, u32 kind)
{
    struct frame *frame = me->reply;
    u64 rest = sizeof *frame + frame->length;
    frame->kind = kind;
    frame->thread = me - threads;
    lock(&output_lock);
    for (u8 *from = (u8 *)frame; rest > 0;) {
        long written = sys(__NR_write, 1, (u64)from, rest, 0, 0, 0);
        if (written <= 0)
            leave(1);
        from += written;
        rest -= written;
    }
    unlock(&output_lock);
    frame->length = 0;
}

static void result(struct thread *me, const void *from, u64 length);

static void __attribute__((noreturn)) die(struct thread *me, u64 cause, u64 address)
{
    const u64 words[] = { cause, address, me->op };
    me->reply->length = 0;
    result(me, words, sizeof words);
    say(me, DYING);
    leave(1);
}

/* Adds to the reply that a thread prepares. */
static void result(struct thread *me, const void *from, u64 length)
{
    struct frame *reply = me->reply;
    if (length > BOX || sizeof *reply + reply->length + padded(length) > BOX)
        die(me, OUT_OF_SPACE, 0);
    u8 *to = reply->body + reply->length;
    *(u64 *)(to + padded(length) - 8) = 0;
    copy(to, from, length);
    reply->length += padded(length);
}

static void take(void *to, u64 length)
{
    for (u64 some; length > 0; to = (u8 *)to + some, length -= some) {
        if (input_at == input_end) {
            long got = sys(__NR_read, 0, (u64)input, INPUT, 0, 0, 0);
            if (got <= 0)
                leave(0);
            input_at = 0;
            input_end = got;
        }
        some = input_end - input_at < length ? input_end - input_at : length;
        copy(to, input + input_at, some);
        input_at += some;
    }
}

/* --- Programs -------------------------------------------------------------------------------- */

static void execute(struct thread *me, const u8 *at, u64 length)
{
    const u8 *end = at + length;
    for (me->op = 0; at < end; me->op++) {
        const struct op *op = (const void *)at;
        u64 value[6], returned;
        for (int i = 0; i < 6; i++)
            value[i] = slots[op->args[i].slot] + op->args[i].plus;
        at += sizeof *op;
        switch (op->kind) {
        case SYSCALL:
            returned = sys(op->number, value[0], value[1], value[2], value[3], value[4], value[5]);
            slots[op->into] = returned;
            result(me, &returned, 8);
            break;
        case POKE:
            copy((void *)value[0], op->bytes, op->number);
            at += padded(op->number);
            break;
        case PEEK:
            result(me, (const void *)value[0], op->number);
            break;
        case LOAD:
            slots[op->into] = *(volatile u64 *)value[0];
            break;
        default:
            die(me, UNKNOWN_OP, op->kind);
        }
    }
}

/* --- Threads --------------------------------------------------------------------------------- */

/* A program more to be finished by this thread. */
static void owe(struct thread *thread)
{
    lock(&thread->lock);
    thread->owed++;
    unlock(&thread->lock);
}

/* It has finished one. Answers whether it was kicked meanwhile; the next program is not. */
static u32 settle(struct thread *me)
{
    const u64 signals = 1ul << (SIGUSR1 - 1);
    const struct timespec none = { 0, 0 };
    lock(&me->lock);
    u32 kicked = me->kicked;
    if (kicked)
        sys(__NR_rt_sigtimedwait, (u64)&signals, 0, (u64)&none, sizeof signals, 0, 0);
    me->kicked = 0;
    me->owed--;
    unlock(&me->lock);
    return kicked;
}

static void kick(struct thread *thread)
{
    lock(&thread->lock);
    if (thread->owed > 0) {
        thread->kicked = 1;
        sys(__NR_tgkill, sys(__NR_getpid, 0, 0, 0, 0, 0, 0), thread->tid, SIGUSR1, 0, 0, 0);
    }
    unlock(&thread->lock);
}

static void race_on(struct thread *me);

static void __attribute__((noreturn)) serve(struct thread *me)
{
    for (u32 taken = 0;; taken++) {
        while (get(&me->put) == taken)
            sleep_on(&me->put, taken, 0);
        const struct frame *frame = (void *)(me->inbox + me->out);
        const u64 size = sizeof *frame + padded(frame->length);
        if (frame->kind == RACE) {
            race_on(me);
        } else {
            execute(me, frame->body, frame->length);
            settle(me);
            say(me, DONE);
        }
        lock(&me->lock);
        me->out += size;
        if (me->out == me->in)
            me->in = me->out = 0;
        unlock(&me->lock);
    }
}

static void make(struct thread *thread)
{
    thread->inbox = memory(BOX);
    thread->reply = memory(BOX);
}

/* The thread of that number, started if this is its first use. */
static struct thread *started(u32 number)
{
    const u64 flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID;
    struct thread *thread = &threads[number];
    if (thread->inbox)
        return thread;
    make(thread);
    register u64 r10 asm("r10") = 0, r8 asm("r8") = 0;
    long result;
    asm volatile("syscall\n test %0, %0\n jnz 1f\n mov %[me], %%rdi\n call *%[serve]\n 1:"
                 : "=a"(result)
                 : "a"(__NR_clone), "D"(flags), "S"((u8 *)memory(STACK) + STACK), "d"(&thread->tid), "r"(r10), "r"(r8),
                   [me] "r"(thread), [serve] "r"(serve)
                 : "rcx", "r11", "memory");
    if (result < 0)
        die(threads, OUT_OF_SPACE, number);
    return thread;
}

/* Hands a frame to a thread; the body is still in the input. */
static void post(struct thread *to, const struct frame *head)
{
    const u64 size = sizeof *head + padded(head->length);
    lock(&to->lock);
    const u64 place = to->in;
    if (size > BOX - place)
        die(to, OUT_OF_SPACE, 0);
    to->in += size;
    unlock(&to->lock);
    copy(to->inbox + place, head, sizeof *head);
    take(to->inbox + place + sizeof *head, head->length);
    add(&to->put, 1);
    wake(&to->put);
}

/* --- Races ----------------------------------------------------------------------------------- */

/* A number of turns that depends on the seed, the world and the thread only; each length is as likely as its double. */
static u64 delay_of(u32 world, u32 number)
{
    u64 random = race.seed + world * 0x9e3779b97f4a7c15ul + number * 0xd1342543de82ef95ul + 1;
    for (int i = 0; i < 3; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
    }
    return (random >> 32) & ((1ul << (random % (DELAY_BITS + 1))) - 1);
}

/* The racing threads wait asleep until the set-up is done and then, all awake, for each other: whoever comes last releases all. */
static void race_on(struct thread *me)
{
    const u32 number = me - threads;
    struct part *part = race.parts[2 + number];
    const u32 worlds = race.repeat, everybody = race.threads;
    for (u32 world = 0; world < worlds; world++) {
        while (get(&race.opened) == world)
            sleep_on(&race.opened, world, 0);
        add(&race.arrived, 1);
        for (u32 spins = 0; get(&race.arrived) < everybody * (world + 1);) {
            if (++spins % SPINS == 0)
                sys(__NR_sched_yield, 0, 0, 0, 0, 0, 0);
            asm volatile("pause");
        }
        for (u64 turns = delay_of(world, number); turns > 0; turns--)
            asm volatile("");
        execute(me, part->body, part->length);
        part->late = settle(me);
        if (add(&race.finished, 1) == everybody * (world + 1))
            wake(&race.finished);
    }
}

/* Whether a thread sleeps until somebody wakes it or a signal comes; not if the kernel does not tell. */
static int sleeps(const struct thread *thread)
{
    char path[64] = "/proc/self/task/", digits[16], stat[64];
    u32 at = 16, count = 0, tid = thread->tid;
    for (; tid > 0; tid /= 10)
        digits[count++] = '0' + tid % 10;
    while (count > 0)
        path[at++] = digits[--count];
    copy(path + at, "/stat", 6);
    const long file = sys(__NR_open, (u64)path, O_RDONLY, 0, 0, 0, 0);
    long length = sys(__NR_read, file, (u64)stat, sizeof stat, 0, 0, 0);
    sys(__NR_close, file, 0, 0, 0, 0, 0);
    /* As "123 (a name) S ...". */
    while (length > 0 && stat[length - 1] != ')')
        length--;
    return length > 0 && stat[length + 1] == 'S';
}

/* Whether all threads that have not finished sleep, so that nobody is there who could wake them. */
static int all_sleep(void)
{
    for (u32 i = 1; i <= race.threads; i++)
        if (get(&threads[i].owed) > 0 && !sleeps(&threads[i]))
            return 0;
    return 1;
}

/* Waits until all threads have finished this world, and kicks those who take too long. */
static void await_all(u32 world)
{
    for (u32 waited = 0, asleep = 0, finished; (finished = get(&race.finished)) < race.threads * (world + 1);) {
        if (!sleep_on(&race.finished, finished, 1))
            continue;
        asleep = all_sleep() ? asleep + 1 : 0;
        if (++waited < PATIENCE && asleep < ASLEEP)
            continue;
        for (u32 i = 1; i <= race.threads; i++) {
            if (waited >= NO_HOPE && get(&threads[i].owed) > 0)
                die(&threads[i], STUCK, 0);
            kick(&threads[i]);
        }
    }
}

static void run_part(struct thread *me, const struct part *part)
{
    const u64 start = me->reply->length;
    const struct part none = { 0, 0 };
    result(me, &none, sizeof none);
    execute(me, part->body, part->length);
    ((struct part *)(me->reply->body + start))->length = me->reply->length - start - sizeof none;
}

static void run_world(struct thread *me, u32 world)
{
    run_part(me, race.parts[0]);
    for (u32 i = 1; i <= race.threads; i++)
        owe(&threads[i]);
    add(&race.opened, 1);
    wake(&race.opened);
    await_all(world);
    run_part(me, race.parts[1]);
    run_part(me, race.parts[2]);
    for (u32 i = 1; i <= race.threads; i++) {
        struct frame *reply = threads[i].reply;
        const struct part part = { race.parts[2 + i]->late, reply->length };
        result(me, &part, sizeof part);
        if (reply->length > 0)
            result(me, reply->body, reply->length);
        reply->length = 0;
    }
    say(me, WORLD);
}

/* Runs the race that is in the inbox of thread 0. */
static void run_race(struct thread *me, u64 length)
{
    u8 *at = me->inbox, *end = at + length;
    const u64 repeat = ((u64 *)at)[0];
    u32 parts = 0;
    race.seed = ((u64 *)at)[1];
    for (at += 16; at < end; parts++) {
        race.parts[parts] = (struct part *)at;
        at = race.parts[parts]->body + race.parts[parts]->length;
    }
    race.threads = parts - 3;
    race.repeat = repeat;
    race.opened = race.arrived = race.finished = 0;
    for (u32 i = 1; i <= race.threads; i++) {
        const struct frame job = { RACE, i, 0 };
        post(started(i), &job);
    }
    for (u32 world = 0; world < repeat; world++)
        run_world(me, world);
}

/* --- Start ----------------------------------------------------------------------------------- */

static void on_kick(int signal)
{
    (void)signal;
}

static void on_fault(int signal, siginfo_t *info)
{
    const u32 tid = sys(__NR_gettid, 0, 0, 0, 0, 0, 0);
    struct thread *me = threads;
    while (me->tid != tid)
        me++;
    die(me, signal, (u64)info->si_addr);
}

void restore(void);
asm("restore: mov $15, %eax\n syscall\n"); /* rt_sigreturn */

static void handle(int signal, void *handler)
{
    const struct sigaction action = { .sa_handler = handler, .sa_flags = SA_SIGINFO | 0x04000000 /* SA_RESTORER */, .sa_restorer = restore };
    sys(__NR_rt_sigaction, signal, (u64)&action, 0, 8, 0, 0);
}

/* As /init: the kernel gives us neither /dev nor files 0 to 2, and the port comes when it comes. */
static void open_port(void)
{
    const struct timespec a_moment = { 0, 1000000 };
    char module[] = "/0";
    for (long file; (file = sys(__NR_open, (u64)module, O_RDONLY, 0, 0, 0, 0)) >= 0; module[1]++) {
        sys(__NR_finit_module, file, (u64)"", 0, 0, 0, 0);
        sys(__NR_close, file, 0, 0, 0, 0, 0);
    }
    sys(__NR_mkdir, (u64)"/dev", 0755, 0, 0, 0, 0);
    sys(__NR_mount, (u64)"dev", (u64)"/dev", (u64)"devtmpfs", 0, 0, 0);
    long port;
    while ((port = sys(__NR_open, (u64)"/dev/vport0p1", O_RDWR, 0, 0, 0, 0)) < 0)
        sys(__NR_nanosleep, (u64)&a_moment, 0, 0, 0, 0, 0);
    for (int file = 0; file < 3; file++)
        sys(__NR_dup2, port, file, 0, 0, 0, 0);
    if (port > 2)
        sys(__NR_close, port, 0, 0, 0, 0, 0);
}

static void say_hello(struct thread *me)
{
    struct new_utsname name;
    u64 length = 0;
    sys(__NR_uname, (u64)&name, 0, 0, 0, 0, 0);
    while (name.release[length])
        length++;
    result(me, name.release, length);
    say(me, HELLO);
}

static void obey(struct thread *me)
{
    struct frame frame;
    take(&frame, sizeof frame);
    if (frame.kind == KICK) {
        kick(&threads[frame.thread]);
    } else if (frame.kind == RUN && frame.thread > 0) {
        struct thread *thread = started(frame.thread);
        owe(thread);
        post(thread, &frame);
    } else if (frame.kind == RUN || frame.kind == RACE) {
        if (frame.length > BOX)
            die(me, OUT_OF_SPACE, 0);
        take(me->inbox, frame.length);
        if (frame.kind == RACE) {
            run_race(me, frame.length);
        } else {
            execute(me, me->inbox, frame.length);
            say(me, DONE);
        }
    } else {
        die(me, UNKNOWN_FRAME, frame.kind);
    }
}

void __attribute__((noreturn, used)) start(u64 *stack)
{
    const u64 argc = stack[0], blocked = 1ul << (SIGUSR1 - 1);
    char **argv = (char **)(stack + 1);
    is_init = sys(__NR_getpid, 0, 0, 0, 0, 0, 0) == 1;
    if (is_init) { /* arguments are what the kernel did not understand of its own */
        open_port();
    } else {
        sys(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
        if (argc > 1) {
            sys(__NR_execve, (u64)argv[1], (u64)(argv + 1), (u64)(argv + argc + 1), 0, 0, 0);
            leave(127);
        }
    }
    sys(__NR_rt_sigprocmask, SIG_BLOCK, (u64)&blocked, 0, sizeof blocked, 0, 0);
    handle(SIGUSR1, on_kick);
    handle(SIGSEGV, on_fault);
    handle(SIGBUS, on_fault);
    struct thread *me = &threads[0];
    make(me);
    me->tid = sys(__NR_gettid, 0, 0, 0, 0, 0, 0);
    say_hello(me);
    for (;;)
        obey(me);
}
asm(".globl _start\n _start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call start\n");
