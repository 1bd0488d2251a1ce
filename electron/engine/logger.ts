/** Where the engine says what no screen shows. Fields are plain data without secrets. */
export interface Logger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One JSON object a line on standard error, as log collectors like it. */
export function standardErrorLogger(name: string): Logger {
  const write = (level: string, message: string, fields?: Readonly<Record<string, unknown>>) => {
    process.stderr.write(
      `${JSON.stringify({ at: new Date().toISOString(), level, name, message, ...fields })}\n`,
    );
  };
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
  };
}
