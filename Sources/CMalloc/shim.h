#ifndef PREWARM_CMALLOC_SHIM_H
#define PREWARM_CMALLOC_SHIM_H
#include <malloc.h>
#endif
