/* Copies and fills: cut into pieces of at least 1 MiB that workers share, each piece guarded. */
#include "native.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint64_t PIECE = 1 << 20;

/* A row is cut when it alone is large; small rows go together. */
struct cut {
    uint64_t rows, per_row, row_bytes, step_bytes, rows_per_piece;
};

static struct cut cut_rows(uint64_t rows, uint64_t row_bytes, uint64_t unit)
{
    struct cut cut = {rows, 1, row_bytes, row_bytes, rows};
    if (row_bytes >= 2 * PIECE) {
        cut.per_row = row_bytes / PIECE;
        if (cut.per_row > 256)
            cut.per_row = 256;
        cut.step_bytes = cpl_round_up((row_bytes + cut.per_row - 1) / cut.per_row, unit);
        cut.per_row = (row_bytes + cut.step_bytes - 1) / cut.step_bytes;
        cut.rows_per_piece = 1;
    } else {
        cut.rows_per_piece = (PIECE + row_bytes - 1) / row_bytes;
    }
    return cut;
}

static uint64_t count_pieces(const struct cut *cut)
{
    return cut->per_row > 1 ? cut->rows * cut->per_row : (cut->rows + cut->rows_per_piece - 1) / cut->rows_per_piece;
}

static bool overlaps(const cpl_box *box)
{
    uint64_t rows = box->height - 1, slices = box->depth - 1;
    uint64_t destination_end = box->destination + rows * box->destination_pitch + slices * box->destination_slice
                               + box->width_bytes;
    uint64_t source_end = box->source + rows * box->source_pitch + slices * box->source_slice + box->width_bytes;
    return box->destination < source_end && box->source < destination_end;
}

static struct cut cut_box(const cpl_box *box)
{
    struct cut cut = cut_rows(box->height * box->depth, box->width_bytes, 64);
    if (overlaps(box))                /* in one piece, so that a linear overlap behaves as memmove */
        cut = (struct cut){cut.rows, 1, box->width_bytes, box->width_bytes, cut.rows};
    return cut;
}

uint64_t cpl_copy_pieces(const cpl_box *box)
{
    struct cut cut = cut_box(box);
    return count_pieces(&cut);
}

uint64_t cpl_fill_pieces(const struct fill *fill)
{
    struct cut cut = cut_rows(fill->height, fill->width * fill->element_bytes, 64);
    return count_pieces(&cut);
}

static void copy_rows(const cpl_box *box, uint64_t first, uint64_t last, uint64_t offset, uint64_t bytes)
{
    for (uint64_t i = first; i < last; i++) {
        uint64_t slice = i / box->height, row = i % box->height;
        memmove((void *)(uintptr_t)(box->destination + slice * box->destination_slice + row * box->destination_pitch
                                    + offset),
                (const void *)(uintptr_t)(box->source + slice * box->source_slice + row * box->source_pitch + offset),
                bytes);
    }
}

static void fill_bytes(uint64_t at, uint32_t pattern, uint32_t element_bytes, uint64_t bytes)
{
    void *memory = (void *)(uintptr_t)at;
    bool same = element_bytes == 1 || (element_bytes == 2 && (pattern & 0xff) == (pattern >> 8 & 0xff))
                || (element_bytes == 4 && pattern == (pattern & 0xff) * 0x01010101u);
    if (same) {
        memset(memory, (int)(pattern & 0xff), bytes);
    } else if (element_bytes == 2) {
        uint16_t value = (uint16_t)pattern, *out = memory;
        for (uint64_t i = 0; i < bytes / 2; i++)
            out[i] = value;
    } else {
        uint32_t *out = memory;
        for (uint64_t i = 0; i < bytes / 4; i++)
            out[i] = pattern;
    }
}

static void run_piece(struct task *task, const struct cut *cut, uint64_t piece)
{
    uint64_t first = piece * cut->rows_per_piece, last = first + cut->rows_per_piece, offset = 0, bytes = cut->row_bytes;
    if (cut->per_row > 1) {
        first = piece / cut->per_row;
        last = first + 1;
        offset = piece % cut->per_row * cut->step_bytes;
        bytes = cut->row_bytes - offset < cut->step_bytes ? cut->row_bytes - offset : cut->step_bytes;
    }
    if (last > cut->rows)
        last = cut->rows;
    if (task->kind == TASK_COPY) {
        copy_rows(&task->box, first, last, offset, bytes);
        return;
    }
    for (uint64_t i = first; i < last; i++)
        fill_bytes(task->fill.destination + i * task->fill.pitch_bytes + offset, task->fill.pattern,
                   task->fill.element_bytes, bytes);
}

static void report(struct task *task, uint64_t address)
{
    cpl_fault fault;
    memset(&fault, 0, sizeof fault);
    fault.code = CPL_FAULT_COPY;
    fault.address = address;
    if (task->kind == TASK_COPY)
        snprintf(fault.message, sizeof fault.message,
                 "copy of %" PRIu64 " x %" PRIu64 " x %" PRIu64 " bytes from 0x%" PRIx64 " to 0x%" PRIx64
                 ": address 0x%" PRIx64 " is not accessible memory",
                 task->box.width_bytes, task->box.height, task->box.depth, task->box.source, task->box.destination,
                 address);
    else
        snprintf(fault.message, sizeof fault.message,
                 "fill of %" PRIu64 " rows of %" PRIu64 " elements at 0x%" PRIx64 ": address 0x%" PRIx64
                 " is not accessible memory",
                 task->fill.height, task->fill.width, task->fill.destination, address);
    cpl_domain_record(task->queue->domain, &fault);
}

void cpl_copy_run(struct task *task, uint64_t begin, uint64_t end)
{
    struct guard *guard = cpl_guard_self();
    struct cut cut = task->kind == TASK_COPY
                         ? cut_box(&task->box)
                         : cut_rows(task->fill.height, task->fill.width * task->fill.element_bytes, 64);
    jmp_buf back;
    if (setjmp(back)) {
        report(task, guard->address);
        return;
    }
    guard->copying = &back;
    atomic_signal_fence(memory_order_seq_cst);
    for (uint64_t i = begin; i < end; i++)
        run_piece(task, &cut, i);
    atomic_signal_fence(memory_order_seq_cst);
    guard->copying = NULL;
}

int cpl_copy_now(const cpl_box *box)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (!box->width_bytes || !box->height || !box->depth)
        return CPL_OK;
    cpl_guard_install();
    struct guard *guard = cpl_guard_self();
    jmp_buf back;
    if (setjmp(back))
        return CPL_FAULTED;
    guard->copying = &back;
    atomic_signal_fence(memory_order_seq_cst);
    copy_rows(box, 0, box->height * box->depth, 0, box->width_bytes);
    atomic_signal_fence(memory_order_seq_cst);
    guard->copying = NULL;
    return CPL_OK;
}
