/* Device printf: each call is formatted whole, gathered per launch and written when the launch ends. */
#include "native.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct print {
    pthread_mutex_t lock;
    uint64_t capacity, used;
    char text[];
};

/* Text of one call, in the worker's scratch. No lock is held while the kernel's strings are read: they may fault. */
struct writer {
    struct worker *worker;
    size_t used;
};

static char *room_for(struct writer *writer, size_t bytes)
{
    struct worker *worker = writer->worker;
    if (writer->used + bytes > worker->text_bytes) {
        size_t wanted = (writer->used + bytes) * 2 + 1024;
        char *text = realloc(worker->text, wanted);
        if (!text)
            return NULL;
        worker->text = text;
        worker->text_bytes = wanted;
    }
    return worker->text + writer->used;
}

static bool put(struct writer *writer, const char *text, size_t bytes)
{
    char *to = room_for(writer, bytes);
    if (!to)
        return false;
    memcpy(to, text, bytes);
    writer->used += bytes;
    return true;
}

/* The packed record: every argument at its natural alignment. */
struct record {
    const uint8_t *base;
    size_t at;
};

static uint64_t next_integer(struct record *record, size_t bytes)
{
    uint64_t value = 0;
    record->at = cpl_round_up(record->at, bytes);
    memcpy(&value, record->base + record->at, bytes);
    record->at += bytes;
    return value;
}

static int64_t extend(uint64_t value, int bits)
{
    return bits == 64 ? (int64_t)value : (int64_t)(value << (64 - bits)) >> (64 - bits);
}

struct spec {
    char flags[8];
    int width, precision;             /* -1: none */
    int bits;                         /* of an integer after conversion to its length: 8, 16, 32, 64 */
    char conversion;
};

static int number(const char **at, struct record *record)
{
    if (**at == '*') {
        ++*at;
        return (int)next_integer(record, 4);
    }
    int value = 0;
    while (**at >= '0' && **at <= '9') {
        if (value < 100000)
            value = value * 10 + (**at - '0');
        ++*at;
    }
    return value;
}

/* Reads what follows '%'; returns the first character behind the specification. */
static const char *parse(const char *at, struct spec *spec, struct record *record)
{
    *spec = (struct spec){.width = -1, .precision = -1, .bits = 32};
    size_t flags = 0;
    while (*at && strchr("-+ #0", *at)) {
        if (flags < sizeof spec->flags - 1 && !strchr(spec->flags, *at))
            spec->flags[flags++] = *at;
        at++;
    }
    if (*at == '*' || (*at >= '0' && *at <= '9')) {
        spec->width = number(&at, record);
        if (spec->width < 0) {        /* a negative * means: to the left */
            spec->width = -spec->width;
            if (flags < sizeof spec->flags - 1)
                spec->flags[flags++] = '-';
        }
    }
    if (*at == '.') {
        at++;
        spec->precision = number(&at, record);
    }
    for (; *at && strchr("hlLqjzt", *at); at++)
        spec->bits = *at == 'h' ? (spec->bits == 16 ? 8 : 16) : 64;
    spec->conversion = *at;
    return *at ? at + 1 : at;
}

static void rebuild(const struct spec *spec, const char *length, char *out, size_t bytes)
{
    size_t used = (size_t)snprintf(out, bytes, "%%%s", spec->flags);
    if (spec->width >= 0)
        used += (size_t)snprintf(out + used, bytes - used, "%d", spec->width);
    if (spec->precision >= 0)
        used += (size_t)snprintf(out + used, bytes - used, ".%d", spec->precision);
    snprintf(out + used, bytes - used, "%s%c", length, spec->conversion);
}

static bool put_string(struct writer *writer, const struct spec *spec, const char *text)
{
    if (!text)
        text = "(null)";
    size_t bytes = spec->precision >= 0 ? strnlen(text, (size_t)spec->precision) : strlen(text);
    size_t pad = spec->width > 0 && (size_t)spec->width > bytes ? (size_t)spec->width - bytes : 0;
    char *to = room_for(writer, bytes + pad);
    if (!to)
        return false;
    bool left = strchr(spec->flags, '-');
    memset(to + (left ? bytes : 0), ' ', pad);
    memcpy(to + (left ? 0 : pad), text, bytes);
    writer->used += bytes + pad;
    return true;
}

static bool put_value(struct writer *writer, const struct spec *spec, struct record *record)
{
    char format[64];
    size_t wanted = 400 + (size_t)(spec->width > 0 ? spec->width : 0) + (size_t)(spec->precision > 0 ? spec->precision : 0);
    char *to = room_for(writer, wanted);
    if (!to)
        return false;
    int made = 0;
    switch (spec->conversion) {
    case 'd':
    case 'i':
        rebuild(spec, "ll", format, sizeof format);
        made = snprintf(to, wanted, format, (long long)extend(next_integer(record, spec->bits == 64 ? 8 : 4), spec->bits));
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X': {
        uint64_t value = next_integer(record, spec->bits == 64 ? 8 : 4);
        if (spec->bits < 64)
            value &= (1ull << spec->bits) - 1;
        rebuild(spec, "ll", format, sizeof format);
        made = snprintf(to, wanted, format, (unsigned long long)value);
        break;
    }
    case 'c':
        rebuild(spec, "", format, sizeof format);
        made = snprintf(to, wanted, format, (int)next_integer(record, 4));
        break;
    case 'p':
        rebuild(spec, "", format, sizeof format);
        made = snprintf(to, wanted, format, (void *)(uintptr_t)next_integer(record, 8));
        break;
    default: {
        uint64_t bits = next_integer(record, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        rebuild(spec, "", format, sizeof format);
        made = snprintf(to, wanted, format, value);
    }
    }
    if (made < 0 || (size_t)made >= wanted)
        return false;
    writer->used += (size_t)made;
    return true;
}

/* The number of arguments, or -1. */
static int32_t compose(struct writer *writer, const char *format, const void *args)
{
    struct record record = {args, 0};
    int32_t count = 0;
    while (*format) {
        size_t plain = strcspn(format, "%");
        if (plain && !put(writer, format, plain))
            return -1;
        format += plain;
        if (!*format)
            break;
        const char *begin = format;
        struct spec spec;
        format = parse(format + 1, &spec, &record);
        bool good;
        if (spec.conversion == '%') {
            good = put(writer, "%", 1);
        } else if (spec.conversion == 's') {
            good = put_string(writer, &spec, (const char *)(uintptr_t)next_integer(&record, 8));
            count++;
        } else if (spec.conversion && strchr("diuoxXcpfFeEgGaA", spec.conversion)) {
            good = put_value(writer, &spec, &record);
            count++;
        } else {                      /* as CUDA: what is not a conversion is printed as it stands */
            good = put(writer, begin, (size_t)(format - begin));
        }
        if (!good)
            return -1;
    }
    return count;
}

static void write_out(const char *text, size_t bytes)
{
    fwrite(text, 1, bytes, stdout);
    fflush(stdout);
}

static struct print *print_of(struct task *task)
{
    struct print *print = atomic_load(&task->print);
    if (print)
        return print;
    uint64_t capacity = atomic_load(&task->queue->domain->limits[CPL_LIMIT_PRINTF]);
    if (capacity < 4096)
        capacity = 4096;
    struct print *made = malloc(sizeof *made + capacity);
    if (!made)
        return NULL;
    pthread_mutex_init(&made->lock, NULL);
    made->capacity = capacity;
    made->used = 0;
    if (atomic_compare_exchange_strong(&task->print, &print, made))
        return made;
    free(made);
    return print;
}

int32_t cpl_vprintf(cpl_thread *self, const char *format, const void *args)
{
    struct thread *thread = cpl_thread_of(self);
    struct writer writer = {thread->block->worker, 0};
    if (!format)
        return -1;
    int32_t count = compose(&writer, format, args);
    struct print *print = count < 0 ? NULL : print_of(thread->block->task);
    if (!print)
        return -1;
    pthread_mutex_lock(&print->lock);
    if (print->used + writer.used > print->capacity) {
        write_out(print->text, print->used);
        print->used = 0;
    }
    if (writer.used > print->capacity) {
        write_out(writer.worker->text, writer.used);
    } else if (writer.used) {
        memcpy(print->text + print->used, writer.worker->text, writer.used);
        print->used += writer.used;
    }
    pthread_mutex_unlock(&print->lock);
    return count;
}

void cpl_print_flush(struct task *task)
{
    struct print *print = atomic_exchange(&task->print, NULL);
    write_out(print->text, print->used);
    pthread_mutex_destroy(&print->lock);
    free(print);
}
