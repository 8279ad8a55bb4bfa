/* Ordered set of allocations by base address: a treap, so find() takes a logarithm of the live allocations. */
#include "native.h"

static uint32_t next_priority(void)
{
    static uint32_t state = 0x9e3779b9u;      /* callers hold the arena's lock */
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

struct span *cpl_tree_floor(struct span *root, uint64_t address)
{
    struct span *best = NULL;
    while (root) {
        if (root->allocation.base <= address) {
            best = root;
            root = root->right;
        } else {
            root = root->left;
        }
    }
    return best;
}

struct span *cpl_tree_above(struct span *root, uint64_t address)
{
    struct span *best = NULL;
    while (root) {
        if (root->allocation.base > address) {
            best = root;
            root = root->left;
        } else {
            root = root->right;
        }
    }
    return best;
}

/* Splits by base: everything below `base` to the left, the rest to the right. */
static void split(struct span *root, uint64_t base, struct span **left, struct span **right)
{
    while (root) {
        if (root->allocation.base < base) {
            *left = root;
            left = &root->right;
            root = root->right;
        } else {
            *right = root;
            right = &root->left;
            root = root->left;
        }
    }
    *left = NULL;
    *right = NULL;
}

void cpl_tree_insert(struct span **root, struct span *span)
{
    span->priority = next_priority();
    while (*root && (*root)->priority >= span->priority)
        root = span->allocation.base < (*root)->allocation.base ? &(*root)->left : &(*root)->right;
    split(*root, span->allocation.base, &span->left, &span->right);
    *root = span;
}

struct span *cpl_tree_remove(struct span **root, uint64_t base)
{
    while (*root && (*root)->allocation.base != base)
        root = base < (*root)->allocation.base ? &(*root)->left : &(*root)->right;
    struct span *span = *root;
    if (!span)
        return NULL;
    struct span *left = span->left, *right = span->right;
    while (left && right) {
        if (left->priority >= right->priority) {
            *root = left;
            root = &left->right;
            left = left->right;
        } else {
            *root = right;
            root = &right->left;
            right = right->left;
        }
    }
    *root = left ? left : right;
    span->left = span->right = NULL;
    return span;
}
