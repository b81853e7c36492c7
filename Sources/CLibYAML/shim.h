#ifndef PREWARM_CLIBYAML_SHIM_H
#define PREWARM_CLIBYAML_SHIM_H
#include <yaml.h>
#endif
