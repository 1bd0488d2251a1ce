import { randomBytes } from 'node:crypto';
import type { LabModule } from '../kit/module.ts';
import { startLabServer } from '../kit/server.ts';
import { Authenticator, type LabAuth } from './auth.ts';
import { dispatch } from './dispatch.ts';
import { LoxilbNode } from './node.ts';
import type { ProbeTiming } from './probes.ts';
import type { Profile } from './profile.ts';
import { makeRoutes } from './routes.ts';

export interface LoxilbLabOptions {
  /** Default 0.9.8.8, the newest release. */
  readonly profile?: Profile;
  /** Default: a raw token, made anew at each start. */
  readonly auth?: LabAuth;
  /** Default 2 s, as in the real thing. */
  readonly sweepMs?: number;
  /** Default: a tenth of the real one's (20 s a step up to 180 s), so that nobody waits for a recovery. */
  readonly timing?: ProbeTiming;
}

const SWEEP_MS = 2_000;
const TIMING: ProbeTiming = { backoffStepMs: 2_000, backoffLimitMs: 18_000 };

/** The scenario's load balancer, "lb-1". */
export const loxilbLab: LabModule = createLoxilbLab();

/** The stand-in with another version, other credentials or a quicker prober. */
export function createLoxilbLab(options: LoxilbLabOptions = {}): LabModule {
  return {
    name: 'loxilb',
    async start(context) {
      const auth = options.auth ?? { mode: 'manualtoken', token: randomBytes(24).toString('base64url') };
      const node = new LoxilbNode(context, options.profile ?? '0.9.8.8', options.timing ?? TIMING);
      const authenticator = new Authenticator(auth, context.now);
      const dispatcher = { profile: node.profile, routes: makeRoutes(node, authenticator), authenticator };
      const server = await startLabServer({
        name: 'loxilb',
        errorBody: {
          contentType: 'application/json',
          text: '{"code":500,"message":"internal error","result":"internal error","fields":null}',
        },
        handler: (request, response) => {
          // The process is gone with its guest, and nobody says goodbye.
          if (!node.isUp()) {
            request.socket.destroy();
            return undefined;
          }
          return dispatch(dispatcher, request, response);
        },
      });
      const timer = setInterval(() => node.sweep(), options.sweepMs ?? SWEEP_MS);
      const stopFollowing = context.world.onChange(() => node.followGuest());
      const stop = () => {
        clearInterval(timer);
        stopFollowing();
      };
      context.signal.addEventListener('abort', stop, { once: true });
      return {
        servers: [server],
        connections: [{ id: 'lb-1', system: 'loxilb', url: server.origin, ...credentials(auth) }],
        tick: () => node.moveTraffic(),
        close: () => {
          stop();
          return Promise.resolve();
        },
      };
    },
  };
}

function credentials(auth: LabAuth) {
  if (auth.mode === 'manualtoken') return { auth: { type: 'token', token: auth.token } as const };
  const user = auth.mode === 'userservice' ? auth.users[0] : undefined;
  if (!user) return {};
  return { auth: { type: 'password', username: user.username, password: user.password } as const };
}
