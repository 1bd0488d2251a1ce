import { protocol, type Session } from 'electron';
import { pageHeaders } from '../hosts/content-policy.ts';
import { readStaticFile } from '../hosts/static-files.ts';
import { APP_SCHEME, isOwnUrl } from './own-url.ts';

/** Before ready: `app:` behaves like `https:` (own origin, secure context), and needs no wide powers as `file:` has. */
export function declareAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the renderer's files to the windows of one session. */
export function serveAppProtocol(session: Session, rendererDir: string): void {
  session.protocol.handle(APP_SCHEME, async (request) => {
    if (request.method !== 'GET' || !isOwnUrl(request.url)) return answer(403);
    const file = await readStaticFile(rendererDir, new URL(request.url).pathname);
    return file ? answer(200, file.contentType, new Uint8Array(file.body)) : answer(404);
  });
}

function answer(status: number, contentType = 'text/plain', body: BodyInit | null = null): Response {
  return new Response(body, { status, headers: { ...pageHeaders, 'content-type': contentType } });
}
