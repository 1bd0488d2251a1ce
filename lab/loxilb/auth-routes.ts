import type { Authenticator, LabUser } from './auth.ts';
import { textOf, type Body, type Fields } from './body.ts';
import type { LoxilbNode } from './node.ts';
import { FrameworkError, json, success } from './reply.ts';
import type { Route } from './route.ts';

export const userFields: Fields = {
  username: { type: 'string', required: true },
  password: { type: 'string', required: true },
  role: { type: 'string' },
};

export function authRoutes(node: LoxilbNode, authenticator: Authenticator): Route[] {
  const since = '0.9.8.4';
  const userOf = (body: Body): LabUser => ({
    username: textOf(body, 'username'),
    password: textOf(body, 'password'),
    role: textOf(body, 'role') === 'viewer' ? 'viewer' : 'admin',
  });
  const service = (name: string, run: Route['run']): Route['run'] => {
    if (authenticator.mode === 'userservice') return run;
    return () => {
      throw new FrameworkError(501, `operation auth.${name} has not yet been implemented`);
    };
  };
  const done = async (work: Promise<void> | void) => {
    await work;
    return success;
  };
  return [
    {
      method: 'POST',
      path: '/auth/login',
      since,
      open: true,
      fields: userFields,
      run: service('PostAuthLogin', ({ body }) =>
        authenticator.login(textOf(body, 'username'), textOf(body, 'password')),
      ),
    },
    {
      method: 'POST',
      path: '/auth/logout',
      since,
      run: service('PostAuthLogout', ({ token }) => {
        authenticator.logout(token);
        return { status: 200 };
      }),
    },
    {
      method: 'GET',
      path: '/auth/users',
      since,
      run: service('GetAuthUsers', () => json(authenticator.listUsers())),
    },
    {
      method: 'POST',
      path: '/auth/users',
      since,
      open: true,
      fields: userFields,
      run: service('PostAuthUsers', ({ body }) => done(authenticator.addUser(userOf(body)))),
    },
    {
      method: 'PUT',
      path: '/auth/users/*',
      since,
      fields: userFields,
      run: service('PutAuthUsers', ({ parameters: [id], body }) =>
        done(authenticator.updateUser(Number(id), userOf(body))),
      ),
    },
    {
      method: 'DELETE',
      path: '/auth/users/*',
      since,
      run: service('DeleteAuthUsers', ({ parameters: [id] }) => done(authenticator.removeUser(Number(id)))),
    },
    {
      method: 'POST',
      path: '/auth/token/upgrade',
      since: '0.9.8.8',
      fields: { license_key: { type: 'string', required: true } },
      run: ({ body }) => {
        authenticator.replaceManualToken(textOf(body, 'license_key'));
        node.note('notice', 'manual token replaced');
        return json(body);
      },
    },
  ];
}
