// Sees to it that no process outlives the conductor, also when that is killed with -9 itself: a shell that is told every
// process id, waits for the end of its input, which comes with the conductor's end, and then kills what is left.
import { spawn } from "node:child_process";
import { Socket } from "node:net";

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the shell's own
const SCRIPT = [
  'pids=" "',
  "while read -r sign pid; do",
  '  case "$sign" in',
  '    +) pids="$pids$pid " ;;',
  '    -) pids="${pids%% $pid *} ${pids#* $pid }" ;;',
  "  esac",
  "done",
  "for pid in $pids; do kill -9 $pid 2> /dev/null; done",
].join("\n");
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: the shell's own

/** Tells the shell of a process that has begun, or has ended. */
export type Watch = (pid: number, isAlive: boolean) => void;

export function startReaper(): Watch {
  // In a group of its own: Ctrl-C ends everybody else's.
  const shell = spawn("sh", ["-c", SCRIPT], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.unref();
  shell.stdin.on("error", () => {});
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return (pid, isAlive) => shell.stdin.write(`${isAlive ? "+" : "-"} ${pid}\n`);
}
