import { startConsole } from './start.tsx';
import { openTransport } from './transport.ts';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');
startConsole(root, openTransport);
