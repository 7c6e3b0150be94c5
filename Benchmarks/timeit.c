/*
 * Times whole runs of several commands, taking turns, so that a change in the machine's load meets all
 * of them alike.
 *
 *   timeit RUNS COMMAND [ARGUMENT…] [-- COMMAND [ARGUMENT…]]…
 *
 * One untimed run of each comes first. Prints a line a command, in their order, tabs between: median
 * and fastest time in microseconds, and the most memory that any run had resident, in KiB. A run that
 * fails ends it all.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define MOST_COMMANDS 16

extern char **environ;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Microseconds that a run took; raises *peak to the memory it had. */
static double run(char **command, long *peak) {
  pid_t child;
  int status;
  struct rusage usage;
  double start = now();
  int error = posix_spawnp(&child, command[0], NULL, NULL, command, environ);
  if (error) {
    fprintf(stderr, "timeit: %s: %s\n", command[0], strerror(error));
    exit(70);
  }
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) {
      perror("timeit: wait4");
      exit(70);
    }
  double took = now() - start;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "timeit: %s failed (status 0x%x)\n", command[0], (unsigned)status);
    exit(1);
  }
#ifdef __APPLE__
  long resident = usage.ru_maxrss / 1024; /* bytes there, KiB elsewhere */
#else
  long resident = usage.ru_maxrss;
#endif
  if (resident > *peak) *peak = resident;
  return took;
}

static int by_size(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

int main(int argc, char **argv) {
  char **commands[MOST_COMMANDS];
  long peaks[MOST_COMMANDS] = {0};
  int count = 0;
  int runs = argc > 2 ? atoi(argv[1]) : 0;
  if (runs < 1) {
    fputs("usage: timeit RUNS COMMAND [ARGUMENT...] [-- COMMAND [ARGUMENT...]]...\n", stderr);
    return 64;
  }
  commands[count++] = argv + 2;
  for (int i = 2; i < argc; i++)
    if (strcmp(argv[i], "--") == 0 && i + 1 < argc && count < MOST_COMMANDS) {
      argv[i] = NULL;
      commands[count++] = argv + i + 1;
    }

  double *times = malloc(sizeof *times * (size_t)runs * (size_t)count);
  if (!times) {
    perror("timeit");
    return 70;
  }
  for (int c = 0; c < count; c++) {
    long ignored = 0;
    run(commands[c], &ignored);
  }
  for (int r = 0; r < runs; r++)
    for (int c = 0; c < count; c++)
      times[c * runs + r] = run(commands[c], &peaks[c]);

  for (int c = 0; c < count; c++) {
    double *mine = times + c * runs;
    qsort(mine, (size_t)runs, sizeof *mine, by_size);
    double median = runs % 2 ? mine[runs / 2] : (mine[runs / 2 - 1] + mine[runs / 2]) / 2;
    printf("%.0f\t%.0f\t%ld\n", median, mine[0], peaks[c]);
  }
  free(times);
  return 0;
}
