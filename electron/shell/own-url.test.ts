import { describe, expect, it } from 'vitest';
import { externalLinkOf, isOwnUrl } from './own-url.ts';

describe('isOwnUrl', () => {
  it.each([
    'app://gantry/',
    'app://gantry',
    'app://gantry/assets/x.js',
    'app://gantry/#/topology?sel=a',
    'APP://gantry/',
  ])('knows %s', (url) => {
    expect(isOwnUrl(url)).toBe(true);
  });

  it.each([
    'app://gantry.evil.example/',
    'app://gantry@evil.example/',
    'app://user:pw@gantry/',
    'app://gantry:80/',
    'app://evil/gantry/',
    'app://',
    'https://gantry/',
    'http://127.0.0.1/',
    'file:///app://gantry/',
    'javascript:alert(1)',
    'data:text/html,app://gantry/',
    'blob:app://gantry/1',
    'about:blank',
    'gantry',
    '',
  ])('refuses %j', (url) => {
    expect(isOwnUrl(url)).toBe(false);
  });
});

describe('externalLinkOf', () => {
  it.each([
    ['https://docs.example.org/a?b=c#d', 'docs.example.org'],
    ['https://example.org:8443/', 'example.org:8443'],
    ['HTTPS://EXAMPLE.ORG', 'example.org'],
    ['https://пример.example/', 'xn--e1afmkfd.example'],
  ])('lets %s out', (text, host) => {
    expect(externalLinkOf(text)?.host).toBe(host);
  });

  it.each([
    ['http://example.org/', 'not encrypted'],
    ['file:///etc/passwd', 'a file'],
    ['file://host/share', 'a share'],
    ['\\\\host\\share', 'a share'],
    ['https:\\\\host\\share', 'backslashes'],
    ['ms-msdt:/id PCWDiagnostic', 'a handler'],
    ['ms-msdt:/id', 'a handler'],
    ['vscode://file/c:/x', 'a handler'],
    ['javascript:alert(1)', 'a script'],
    ['data:text/html,x', 'data'],
    ['mailto:a@b.example', 'mail'],
    ['app://gantry/', 'ourselves'],
    ['https://user:pw@example.org/', 'credentials'],
    ['https://github.example@evil.example/', 'a user that looks like a host'],
    ['https://example.org/\u0000', 'a NUL'],
    ['https://example.org/a b', 'a space'],
    ['https://example.org/\n-x', 'a line feed'],
    ['https://example.org/\u202Egpj.exe', 'a bidi override'],
    ['https://example.org/\u200B', 'a zero-width space'],
    [' https://example.org/', 'a leading space'],
    ['https://', 'no host'],
    ['//example.org/', 'no scheme'],
    [`https://example.org/${'a'.repeat(3_000)}`, 'too long'],
    ['', 'nothing'],
  ])('keeps %j in (%s)', (text) => {
    expect(externalLinkOf(text)).toBeUndefined();
  });
});
