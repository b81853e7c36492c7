#ifndef PREWARM_CEPOLL_SHIM_H
#define PREWARM_CEPOLL_SHIM_H
#include <sys/epoll.h>
#endif
