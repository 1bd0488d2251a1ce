import { send, sendJson, type Exchange } from './exchange.ts';

const HTML = 'text/html; charset=utf-8';

function page(title: string, text: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1><p>${text}</p></body></html>`;
}

/** `/`, `/admin` and the interactive documentation: there without a login, and without much in them. */
export function toAdmin(exchange: Exchange): void {
  exchange.response.setHeader('location', '/admin');
  send(exchange, 307, 'text/plain; charset=utf-8', '');
}

export function adminPage(exchange: Exchange): void {
  send(
    exchange,
    200,
    HTML,
    page('LLM load balancer', 'The admin page of the lab has no controls. Use Gantry.'),
  );
}

export function docsPage(exchange: Exchange): void {
  send(exchange, 200, HTML, page('LLM load balancer: API', 'See /openapi.json.'));
}

/** Paths and methods, as `/openapi.json` lists them. */
export function openApi(exchange: Exchange, paths: Readonly<Record<string, readonly string[]>>): void {
  const listed = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.fromEntries(
      methods.map((method) => [method.toLowerCase(), { responses: { 200: { description: 'OK' } } }]),
    ),
  ]);
  sendJson(exchange, {
    openapi: '3.1.0',
    info: { title: 'LLM Load Balancer', version: exchange.process.options.version },
    paths: Object.fromEntries(listed) as object,
  });
}
