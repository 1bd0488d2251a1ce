import { textOf, type Body } from './body.ts';
import { exported } from './export.ts';
import { haStates, type LoxilbNode } from './node.ts';
import { CoreError, json, success, type Reply } from './reply.ts';
import { list, type Route } from './route.ts';
import { haState } from './tables.ts';

const logLevels = ['trace', 'debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

export function settingRoutes(node: LoxilbNode): Route[] {
  return [
    list(node, '/config/cistate/all', 'Attr', () => haState(node)),
    {
      method: 'POST',
      path: '/config/cistate',
      fields: { instance: { type: 'string' }, state: { type: 'string' }, vip: { type: 'string' } },
      run: ({ body }) => setHaState(node, body),
    },
    { method: 'GET', path: '/config/params', run: () => json({ logLevel: node.logLevel }) },
    {
      method: 'POST',
      path: '/config/params',
      fields: { logLevel: { type: 'string', enum: logLevels } },
      run: ({ body }) => {
        node.logLevel = textOf(body, 'logLevel') || node.logLevel;
        return success;
      },
    },
    {
      method: 'GET',
      path: '/config/bfd/all',
      run: () => {
        throw new CoreError('bfd session not running');
      },
    },
    { method: 'GET', path: '/config/export', since: '0.9.8.8', run: () => json(exported(node)) },
    {
      method: 'GET',
      path: '/config/cors/all',
      since: '0.9.8.8',
      run: () => json({ corsAttr: node.cors.size === 0 ? ['*'] : [...node.cors] }),
    },
    {
      method: 'POST',
      path: '/config/cors',
      since: '0.9.8.8',
      fields: { cors: { type: 'array', required: true, items: { type: 'string' } } },
      run: ({ body }) => {
        const origins = body['cors'] as readonly string[];
        // Its text has capitals, so it falls through the status table to 500.
        if (origins.some((origin) => !/^https?:\/\//.test(origin)))
          throw new CoreError('CORS origin refused');
        for (const origin of origins) node.cors.add(origin);
        return success;
      },
    },
    {
      method: 'DELETE',
      path: '/config/cors/*',
      since: '0.9.8.8',
      run: ({ parameters: [origin = ''] }) => {
        if (!node.cors.delete(origin)) throw new CoreError('cors origin not found');
        return success;
      },
    },
  ];
}

function setHaState(node: LoxilbNode, body: Body): Reply {
  const state = textOf(body, 'state');
  const instance = node.ha.get(textOf(body, 'instance'));
  if (!haStates.includes(state)) throw new CoreError('invalid cluster-state');
  if (!instance) throw new CoreError('cluster instance not found');
  // The same state again changes nothing, the address included.
  if (instance.state !== state) {
    instance.state = state;
    instance.vip = textOf(body, 'vip') || instance.vip;
    node.note('notice', `cluster instance ${textOf(body, 'instance')} is ${state}`);
  }
  return success;
}
