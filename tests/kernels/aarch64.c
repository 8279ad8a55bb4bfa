/* Runs one of the kernels that are linked to it: `aarch64 REQUEST ANSWER`. aarch64.py writes the request and reads the
 * answer; it defines KERNELS, a use of KERNEL for each number from 0. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "compatlayer/runtime.h"

#define KERNEL(number) void entry_##number(cpl_thread *self, const void *args) __asm__("cpl.entry." #number);
KERNELS
#undef KERNEL
#define KERNEL(number) entry_##number,
static const cpl_entry entries[] = {KERNELS};

static FILE *request;

static void read_bytes(void *to, size_t bytes)
{
    if (bytes && fread(to, bytes, 1, request) != 1)
        exit(3);
}

static uint32_t read_word(void)
{
    uint32_t word;
    read_bytes(&word, sizeof word);
    return word;
}

struct buffer {
    uint64_t address;
    uint32_t bytes;
};

static struct buffer *read_buffers(uint32_t count)
{
    struct buffer *buffers = calloc(count + 1, sizeof *buffers);
    if (!buffers)
        exit(3);
    for (uint32_t i = 0; i < count; i++) {
        buffers[i].bytes = read_word();
        if (cpl_memory_alloc(0, CPL_MEMORY_DEVICE, buffers[i].bytes + 1, 512, &buffers[i].address) != CPL_OK)
            exit(3);
        read_bytes((void *)buffers[i].address, buffers[i].bytes);
    }
    return buffers;
}

int main(int count, char **words)
{
    if (count != 3 || !(request = fopen(words[1], "rb")) || cpl_start(2) != CPL_OK)
        return 3;
    uint32_t buffers = read_word();
    struct buffer *buffer = read_buffers(buffers);
    static char args[4096] __attribute__((aligned(64)));
    uint32_t args_bytes = read_word();
    if (args_bytes > sizeof args)
        return 3;
    read_bytes(args, args_bytes);
    for (uint32_t left = read_word(); left; left--) {
        uint32_t offset = read_word();
        memcpy(args + offset, &buffer[read_word()].address, sizeof(uint64_t));
    }
    cpl_shape shape = {.cooperative = 0};
    for (int i = 0; i < 3; i++)
        shape.grid[i] = read_word();
    for (int i = 0; i < 3; i++)
        shape.block[i] = read_word();
    shape.dynamic_shared_bytes = read_word();
    static cpl_variant variants[CPL_SHAPES];
    static cpl_kernel kernel = {.name = "kernel", .variants = variants};
    kernel.args_bytes = args_bytes;
    kernel.shared_bytes = read_word();
    kernel.flags = read_word();
    cpl_variant *variant = &variants[cpl_shape_class(shape.block, kernel.flags)];
    variant->width = read_word();
    variant->flags = read_word();
    variant->stack_bytes = read_word();
    variant->entry = entries[read_word()];
    cpl_domain *domain = cpl_domain_open(0);
    cpl_queue *queue = domain ? cpl_queue_open(domain, 0) : NULL;
    if (!queue || cpl_queue_launch(queue, &kernel, &shape, args, args_bytes) != CPL_OK ||
        cpl_queue_drain(queue, 100000000000u) != CPL_OK)
        return 4;
    cpl_fault fault;
    if (cpl_domain_fault(domain, &fault)) {
        fprintf(stderr, "%s\n", fault.message);
        return 5;
    }
    FILE *answer = fopen(words[2], "wb");
    for (uint32_t i = 0; answer && i < buffers; i++)
        if (buffer[i].bytes && fwrite((void *)buffer[i].address, buffer[i].bytes, 1, answer) != 1)
            return 3;
    return answer && !fclose(answer) ? 0 : 3;
}
