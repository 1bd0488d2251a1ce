/** Something the person at the terminal waits for. */
export function announce(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Something went wrong, in one line without data from elsewhere. */
export function complain(line: string): void {
  process.stderr.write(`gantry: ${line}\n`);
}
