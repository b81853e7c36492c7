#ifndef PREWARM_GIT_STREAM_H
#define PREWARM_GIT_STREAM_H
int prewarm_git_stream_placeholder(void);
#endif
