/*
 * Processes that a browser of ours has started: found by descent from it, so that nobody else's is
 * ever touched.
 */
import { execFileSync } from 'node:child_process';

/** The ids of all descendants of a process whose command line matches. */
export function descendants(parent, pattern) {
  const all = execFileSync('ps', ['-axo', 'pid=,ppid=,command=']).toString().split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter(Boolean)
    .map(([, pid, ppid, command]) => ({ pid: Number(pid), ppid: Number(ppid), command }));
  const family = new Set([parent]);
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid, ppid } of all) {
      if (family.has(ppid) && !family.has(pid)) grown = Boolean(family.add(pid));
    }
  }
  return all.filter(({ pid, command }) => pid !== parent && family.has(pid) && pattern.test(command)).map(({ pid }) => pid);
}

/** Kills processes as the kernel does: without a word to them. */
export function kill(pids) {
  if (!pids.length) throw new Error('there is no process to kill');
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // One that followed another into its end is gone all the same.
      if (error.code !== 'ESRCH') throw error;
    }
  }
}
