export function findElectron(env?: NodeJS.ProcessEnv): string | undefined;
