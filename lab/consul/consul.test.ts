import { it, expect } from 'vitest';
import { startLab } from '../lab.ts';
import { consulLab } from './index.ts';
it('smoke', async () => {
  const lab = await startLab({ modules: [consulLab], traffic: false });
  const c = lab.connections[0]!;
  const token = (c.auth as {token:string}).token;
  for (const p of ['/v1/catalog/nodes','/v1/catalog/services','/v1/health/service/orders','/v1/internal/ui/services','/v1/agent/self','/v1/kv/?keys','/v1/operator/autopilot/health','/v1/health/service/orders?filter=Checks.Status%20==%20critical','/v1/nope','/v1/kv']) {
    const r = await fetch(c.url+p, {headers: {'x-consul-token': token}, redirect: 'manual'});
    const t = await r.text();
    console.log(p, r.status, Object.fromEntries([...r.headers].filter(([k])=>k.startsWith('x-'))), t.slice(0,600));
  }
  await lab.stop();
});
