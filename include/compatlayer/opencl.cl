/* What kernels ask of their device (kernel.h), in OpenCL C for devices that take SPIR-V.
 *
 * Linked into each kernel by compiler/targets/spirv.py and inlined there. The thread is a private struct that the
 * optimiser takes apart; its first fields are those of kernel.h. OpenCL's functions are declared here: the compiler
 * knows them by their mangled names, and no header of OpenCL C is needed. */
typedef unsigned char uchar;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef uint uint4 __attribute__((ext_vector_type(4)));
#define BUILTIN __attribute__((overloadable))
#define TOGETHER __attribute__((convergent))

#define FIXED __attribute__((const))
FIXED ulong BUILTIN get_local_id(uint);
FIXED ulong BUILTIN get_group_id(uint);
FIXED ulong BUILTIN get_local_size(uint);
FIXED ulong BUILTIN get_num_groups(uint);
TOGETHER void BUILTIN barrier(uint);
void BUILTIN mem_fence(uint);
#define LOCAL_AND_GLOBAL 3

typedef struct { __generic const char *file, *function; uint line, column; } site;

#pragma clang attribute push(__attribute__((always_inline)), apply_to = function)

/* What the host reads after the kernel: compatlayer/backends/opencl_report.py has the same offsets. */
typedef struct {
    uint fault, line;                /* fault: 0, or the number of a base.FaultKind */
    uint thread[3], block[3];
    uint printed, room;              /* bytes of records; those that do not fit are dropped */
    char file[160], function[160], message[160];
    uchar records[];
} report;

typedef struct {
    uint thread[3], lane, block[3], warp, block_size[3], warps, grid_size[3], worker;
    __generic uchar *shared, *dynamic_shared;
    uint dynamic_shared_bytes, shared_bytes, first, end, blocks, cooperative;
    ulong imports;                   /* addresses of what kernels of a module share */
    report *reports;
} thread;

#define ALONG(axis)                                                                                                    \
    self->thread[axis] = get_local_id(axis);                                                                           \
    self->block[axis] = get_group_id(axis);                                                                            \
    self->block_size[axis] = get_local_size(axis);                                                                     \
    self->grid_size[axis] = get_num_groups(axis);

void cpl_cl_begin(thread *self, ulong imports, ulong reports, uint dynamic_shared_bytes, uint extent,
                  __local uchar *shared)
{
    ALONG(0)
    ALONG(1)
    ALONG(2)
    uint threads = self->block_size[0] * self->block_size[1] * self->block_size[2];
    uint number = (self->thread[2] * self->block_size[1] + self->thread[1]) * self->block_size[0] + self->thread[0];
    self->lane = number % 32;
    self->warp = number / 32;
    self->warps = (threads + 31) / 32;
    self->worker = 0;
    self->shared = shared;
    self->dynamic_shared = shared + (extent + 127) / 128 * 128;
    self->dynamic_shared_bytes = dynamic_shared_bytes;
    self->shared_bytes = extent + dynamic_shared_bytes;
    self->first = number;
    self->end = number + 1;
    self->blocks = 1;
    self->cooperative = 0;
    self->imports = imports;
    self->reports = (__global report *)reports;
}

/* The same where the block is one row of threads in OpenCL's eyes, so that subgroups are warps. */
void cpl_cl_begin_row(thread *self, ulong imports, ulong reports, uint dynamic_shared_bytes, uint extent,
                      __local uchar *shared, uint x, uint y, uint z)
{
    cpl_cl_begin(self, imports, reports, dynamic_shared_bytes, extent, shared);
    uint number = self->thread[0];
    self->block_size[0] = x;
    self->block_size[1] = y;
    self->block_size[2] = z;
    self->thread[0] = number % x;
    self->thread[1] = number / x % y;
    self->thread[2] = number / x / y;
}

void cpl_cl_barrier(void) { barrier(LOCAL_AND_GLOBAL); }
void cpl_barrier(thread *self, uint id, uint count, site *where) { barrier(LOCAL_AND_GLOBAL); }
void cpl_yield(thread *self) { }
void cpl_nanosleep(thread *self, uint duration_ns) { }

/* ---- ends ---------------------------------------------------------------------------------------------------- */
void cpl_cl_end(void) __attribute__((noreturn));  /* becomes the kernel's return */

void cpl_exit(thread *self) { cpl_cl_end(); }

void cpl_cl_text(char *to, const char *from, uint room)
{
    uint at = 0;
    for (; at + 1 < room && from && from[at]; at++)
        to[at] = from[at];
    to[at] = 0;
}

#define TELL(axis)                                                                                                     \
    reports->thread[axis] = self->thread[axis];                                                                        \
    reports->block[axis] = self->block[axis];

void cpl_cl_fault(thread *self, uint kind, const char *message, const char *file, uint line, const char *function)
{
    report *reports = self->reports;
    uint none = 0;
    if (__atomic_compare_exchange_n(&reports->fault, &none, 0x80000000u, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        TELL(0)
        TELL(1)
        TELL(2)
        reports->line = line;
        cpl_cl_text(reports->message, message, sizeof reports->message);
        cpl_cl_text(reports->file, file, sizeof reports->file);
        cpl_cl_text(reports->function, function, sizeof reports->function);
        reports->fault = kind;
    }
}

void cpl_assert_fail(thread *self, const char *message, const char *file, uint line, const char *function)
{
    cpl_cl_fault(self, 2, message, file, line, function);
    cpl_cl_end();
}

void cpl_trap(thread *self, site *where)
{
    cpl_cl_fault(self, 3, 0, where->file, where->line, where->function);
    cpl_cl_end();
}

/* ---- printf: a record of the format, the packed arguments and the strings among them -------------------------- */
uint cpl_cl_length(const char *text)
{
    uint bytes = 0;
    if (text)
        while (text[bytes])
            bytes++;
    return bytes;
}

/* Reads the next conversion of *format; its arguments' bytes, each rounded up behind *end; -1 for a string; 0 at the end. */
int cpl_cl_conversion(const char **format, uint *end)
{
    const char *at = *format;
    for (; *at; at++) {
        if (*at != '%')
            continue;
        int size = 4;
        for (at++; *at; at++) {
            char c = *at;
            if (c == '%')
                break;
            if (c == '*')
                *end = (*end + 3) / 4 * 4 + 4;
            else if (c == 'l' || c == 'j' || c == 'z' || c == 't')
                size = 8;
            else if ((c >= 'a' && c <= 'z' && c != 'h') || (c >= 'A' && c <= 'Z')) {
                if (c == 's' || c == 'p' || (c != 'd' && c != 'i' && c != 'u' && c != 'x' && c != 'X' && c != 'o' &&
                                             c != 'c'))
                    size = 8;
                *end = (*end + size - 1) / size * size + size;
                *format = at + 1;
                return c == 's' ? -1 : size;
            }
        }
        if (!*at)
            break;
    }
    *format = at;
    return 0;
}

int cpl_vprintf(thread *self, const char *format, const void *arguments)
{
    uint text = cpl_cl_length(format) + 1, end = 0, strings = 0;
    int count = 0, kind;
    const char *at = format;
    while ((kind = cpl_cl_conversion(&at, &end)) != 0) {
        count++;
        if (kind < 0)
            strings += cpl_cl_length(*(const char **)((const uchar *)arguments + end - 8)) + 1;
    }
    uint bytes = (16 + text + end + strings + 7) / 8 * 8;
    report *reports = self->reports;
    uint place = __atomic_fetch_add(&reports->printed, bytes, __ATOMIC_RELAXED);
    if (place + bytes > reports->room || place + bytes < place)
        return -1;
    uchar *record = reports->records + place;
    uint *head = (uint *)record;
    head[0] = bytes;
    head[1] = text;
    head[2] = end;
    head[3] = strings;
    record += 16;
    for (uint i = 0; i < text; i++)
        record[i] = format[i];
    record += text;
    for (uint i = 0; i < end; i++)
        record[i] = ((const uchar *)arguments)[i];
    record += end;
    at = format;
    end = 0;
    while ((kind = cpl_cl_conversion(&at, &end)) != 0) {
        if (kind < 0) {
            const char *string = *(const char **)((const uchar *)arguments + end - 8);
            uint length = cpl_cl_length(string);
            for (uint i = 0; i < length; i++)
                record[i] = string[i];
            record[length] = 0;
            record += length + 1;
        }
    }
    return count;
}

/* ---- warps: subgroups of 32. A lane that an operation names and that is not there is a fault, not a wrong value. -- */
FIXED uint BUILTIN get_sub_group_local_id(void);
TOGETHER uint BUILTIN sub_group_shuffle(uint, uint);
TOGETHER uint4 BUILTIN sub_group_ballot(int);
TOGETHER void BUILTIN sub_group_barrier(uint);

uint cpl_cl_present(thread *self, uint mask, site *where)
{
    uint lanes = sub_group_ballot(1).x;
    uint threads = self->block_size[0] * self->block_size[1] * self->block_size[2];
    uint left = threads - self->warp * 32;
    uint missing = mask & ~lanes & (left >= 32 ? ~0u : (1u << left) - 1);
    if (missing)
        cpl_cl_fault(self, 4, 0, where->file, where->line, where->function);
    return lanes & mask;
}

uint cpl_shuffle(thread *self, uint kind, uint mask, uint value, uint b, uint c, uint *in_range, site *where)
{
    cpl_cl_present(self, mask, where);
    uint lane = get_sub_group_local_id(), clamp = c & 31, segment = c >> 8 & 31;
    uint most = (lane & segment) | (clamp & ~segment), least = lane & segment;
    b &= 31;
    uint from;
    int good;
    if (kind == 0) {
        from = lane - b;
        good = (int)from >= (int)most;
    } else if (kind == 1) {
        from = lane + b;
        good = from <= most;
    } else if (kind == 2) {
        from = lane ^ b;
        good = from <= most;
    } else {
        from = least | (b & ~segment);
        good = from <= most;
    }
    if (!good)
        from = lane;
    if (in_range)
        *in_range = good;
    return sub_group_shuffle(value, from & 31);
}

uint cpl_vote(thread *self, uint kind, uint mask, uint predicate, site *where)
{
    uint lanes = cpl_cl_present(self, mask, where);
    uint yes = sub_group_ballot(predicate != 0).x & lanes;
    if (kind == 0)
        return yes == lanes;
    if (kind == 1)
        return yes != 0;
    if (kind == 2)
        return yes == 0 || yes == lanes;
    return yes;
}

uint cpl_match_any(thread *self, uint mask, ulong value, site *where)
{
    uint lanes = cpl_cl_present(self, mask, where), equal = 0;
    for (uint lane = 0; lane < 32; lane++) {
        ulong other = sub_group_shuffle((uint)value, lane) | (ulong)sub_group_shuffle((uint)(value >> 32), lane) << 32;
        equal |= (lanes >> lane & 1 && other == value) ? 1u << lane : 0;
    }
    return equal;
}

uint cpl_match_all(thread *self, uint mask, ulong value, uint *all, site *where)
{
    uint lanes = cpl_cl_present(self, mask, where);
    uint equal = cpl_match_any(self, mask, value, where);
    if (all)
        *all = equal == lanes;
    return equal == lanes ? lanes : 0;
}

uint cpl_redux(thread *self, uint op, uint mask, uint value, site *where)
{
    uint lanes = cpl_cl_present(self, mask, where), result = value;
    for (uint lane = 0; lane < 32; lane++) {
        uint other = sub_group_shuffle(value, lane);
        if (!(lanes >> lane & 1) || lane == get_sub_group_local_id())
            continue;
        switch (op) {
        case 0: result += other; break;
        case 1: result = other < result ? other : result; break;
        case 2: result = other > result ? other : result; break;
        case 3: result = (int)other < (int)result ? other : result; break;
        case 4: result = (int)other > (int)result ? other : result; break;
        case 5: result &= other; break;
        case 6: result |= other; break;
        default: result ^= other; break;
        }
    }
    return result;
}

void cpl_warp_sync(thread *self, uint mask, site *where)
{
    cpl_cl_present(self, mask, where);
    sub_group_barrier(LOCAL_AND_GLOBAL);
}

uint cpl_active_mask(thread *self, site *where) { return sub_group_ballot(1).x; }

/* ---- atomics that SPIR-V has only with extensions ---------------------------------------------------------------- */
#define UPDATE(name, type, bits, value_of, bits_of, compute)                                                           \
    type name(bits *place, type operand)                                                                               \
    {                                                                                                                  \
        bits before = __atomic_load_n(place, __ATOMIC_RELAXED);                                                        \
        for (;;) {                                                                                                     \
            type old = value_of(before);                                                                               \
            if (__atomic_compare_exchange_n(place, &before, bits_of(compute), 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))  \
                return old;                                                                                            \
        }                                                                                                              \
    }
#define SAME(value) (value)
#define AS_FLOAT(value) __builtin_astype(value, float)
#define AS_UINT(value) __builtin_astype(value, uint)
#define AS_DOUBLE(value) __builtin_astype(value, double)
#define AS_ULONG(value) __builtin_astype(value, ulong)
UPDATE(cpl_cl_fadd_f32, float, uint, AS_FLOAT, AS_UINT, old + operand)
UPDATE(cpl_cl_fsub_f32, float, uint, AS_FLOAT, AS_UINT, old - operand)
UPDATE(cpl_cl_fadd_f64, double, ulong, AS_DOUBLE, AS_ULONG, old + operand)
UPDATE(cpl_cl_fsub_f64, double, ulong, AS_DOUBLE, AS_ULONG, old - operand)
UPDATE(cpl_cl_fmin_f32, float, uint, AS_FLOAT, AS_UINT, __builtin_fminf(old, operand))
UPDATE(cpl_cl_fmax_f32, float, uint, AS_FLOAT, AS_UINT, __builtin_fmaxf(old, operand))
UPDATE(cpl_cl_fmin_f64, double, ulong, AS_DOUBLE, AS_ULONG, __builtin_fmin(old, operand))
UPDATE(cpl_cl_fmax_f64, double, ulong, AS_DOUBLE, AS_ULONG, __builtin_fmax(old, operand))
UPDATE(cpl_cl_uinc_wrap_i32, uint, uint, SAME, SAME, old >= operand ? 0 : old + 1)
UPDATE(cpl_cl_udec_wrap_i32, uint, uint, SAME, SAME, (old == 0 || old > operand) ? operand : old - 1)
UPDATE(cpl_cl_nand_i32, uint, uint, SAME, SAME, ~(old & operand))

uint cpl_cl_bitreverse_i32(uint value)
{
    value = value >> 1 & 0x55555555 | (value & 0x55555555) << 1;
    value = value >> 2 & 0x33333333 | (value & 0x33333333) << 2;
    value = value >> 4 & 0x0f0f0f0f | (value & 0x0f0f0f0f) << 4;
    value = value >> 8 & 0x00ff00ff | (value & 0x00ff00ff) << 8;
    return value >> 16 | value << 16;
}

ulong cpl_cl_bitreverse_i64(ulong value)
{
    return (ulong)cpl_cl_bitreverse_i32((uint)value) << 32 | cpl_cl_bitreverse_i32((uint)(value >> 32));
}

/* ---- rare arguments of the math library --------------------------------------------------------------------------- */
#define MATH1(name)                                                                                                    \
    FIXED float BUILTIN name(float);                                                                                         \
    FIXED double BUILTIN name(double);                                                                                       \
    float __nv_##name##f(float x) { return name(x); }                                                                  \
    double __nv_##name(double x) { return name(x); }
#define MATH2(name)                                                                                                    \
    FIXED float BUILTIN name(float, float);                                                                                  \
    FIXED double BUILTIN name(double, double);                                                                               \
    float __nv_##name##f(float x, float y) { return name(x, y); }                                                      \
    double __nv_##name(double x, double y) { return name(x, y); }
MATH1(sin) MATH1(cos) MATH1(tan) MATH1(sinpi) MATH1(cospi) MATH1(exp) MATH1(exp2) MATH1(exp10) MATH1(expm1) MATH1(log)
MATH1(log2) MATH1(log10) MATH1(log1p) MATH1(erf) MATH1(erfc) MATH1(tgamma) MATH1(lgamma) MATH1(asin) MATH1(acos)
MATH1(atan) MATH1(sinh) MATH1(cosh) MATH1(tanh) MATH1(asinh) MATH1(acosh) MATH1(atanh) MATH1(cbrt) MATH1(logb)
MATH2(pow) MATH2(fmod) MATH2(remainder) MATH2(atan2) MATH2(hypot) MATH2(nextafter)

#pragma clang attribute pop
