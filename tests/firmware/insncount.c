// A QEMU plugin (TCG API version 1) that counts executed instructions by phase.
//
// A phase begins when a function named phase_NAME runs and lasts until the next such function; what
// runs before the first belongs to "start". Totals go to the file of the argument out=, a line
// "NAME COUNT LONGEST" each, LONGEST the most between two marks, and include the few instructions of the marking functions themselves.
// The prototypes are written out because Debian ships no qemu-plugin.h.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *,
                                            void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

enum { PHASES = 16, NAME = 32 };
static struct { char name[NAME]; uint64_t count, longest; } phases[PHASES] = {{"start", 0, 0}};
static uint64_t executed, counted;
static size_t current;
static char path[4096];

static size_t phase_named(const char *name) {
    size_t i = 0;
    while (phases[i].name[0] && strcmp(phases[i].name, name)) {
        if (++i == PHASES) return 0;
    }
    snprintf(phases[i].name, NAME, "%s", name);
    return i;
}

static void close_phase(void) {
    uint64_t since = executed - counted;
    phases[current].count += since;
    if (since > phases[current].longest) phases[current].longest = since;
    counted = executed;
}

// Runs at every instruction of a marking function: switching again to the same phase is harmless.
static void switch_phase(unsigned cpu, void *phase) {
    (void)cpu;
    close_phase();
    current = (size_t)(uintptr_t)phase;
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const char *symbol = qemu_plugin_insn_symbol(insn);
        if (symbol && !strncmp(symbol, "phase_", 6)) {
            void *phase = (void *)(uintptr_t)phase_named(symbol + 6);
            qemu_plugin_register_vcpu_insn_exec_cb(insn, switch_phase, CB_NO_REGS, phase);
        }
        qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD_U64, &executed, 1);
    }
}

static void finish(plugin_id id, void *unused) {
    (void)id, (void)unused;
    close_phase();
    FILE *out = fopen(path, "w");
    if (!out) return;
    for (size_t i = 0; i < PHASES && phases[i].name[0]; i++)
        fprintf(out, "%s %llu %llu\n", phases[i].name, (unsigned long long)phases[i].count,
                (unsigned long long)phases[i].longest);
    fclose(out);
}

__attribute__((visibility("default")))
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], "out=", 4)) snprintf(path, sizeof path, "%s", argv[i] + 4);
    if (!path[0]) return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
