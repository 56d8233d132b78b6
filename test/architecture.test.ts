// The walls of the house: which folder of src/ may import what. Walks every import and prints the rule that is broken.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '..', 'src');

/** What a folder may import: our folders by name, `node:` modules, and packages. Anything else is forbidden. */
interface Rule {
  readonly sentence: string;
  readonly folders: readonly string[];
  readonly packages: readonly string[];
  /** Sub-paths of the folder (prefixes) whose files may import node:*; `['']` = all of it. */
  readonly node: readonly string[];
}

const rules: Readonly<Record<string, Rule>> = {
  base: { sentence: 'base/ is the foundation and imports nothing.', folders: [], packages: [], node: [] },
  language: {
    sentence: 'language/ turns text into meaning: base only, no node:*, no vscode, no LSP types, no IO.',
    folders: ['base'],
    packages: [],
    node: [],
  },
  interchange: {
    sentence:
      'interchange/ knows the containers of a flow (clipboard text, repositories, solutions): base, language and the readers of XML and zip; no node:*, no IO.',
    folders: ['base', 'language'],
    packages: ['sax', 'fflate'],
    node: [],
  },
  files: {
    sentence:
      'files/ reads and writes files of this machine for the shells that work on text: base, language, interchange, protocol, node:*; no shell.',
    folders: ['base', 'language', 'interchange', 'protocol'],
    packages: [],
    node: [''],
  },
  runtime: {
    sentence:
      'runtime/ turns meaning into effects: base and language; node:* and the packages for formats and protocols only inside runtime/actions/.',
    folders: ['base', 'language'],
    packages: [
      '@cantoo/pdf-lib',
      '@formulajs/formulajs',
      '@zip.js/zip.js',
      'basic-ftp',
      'fflate',
      'imapflow',
      'mysql2',
      'nodemailer',
      'pg',
      'playwright-core',
      'postal-mime',
      'sax',
      'ssh2',
      'tedious',
      'tesseract.js-core/tesseract-core-simd-lstm.js',
      'unpdf',
      'unpdf/pdfjs',
      'xpath',
    ],
    node: ['actions/'],
  },
  debug: {
    sentence:
      'debug/ speaks the Debug Adapter Protocol for the debugger of the runtime: no node:*, no vscode, no socket.',
    folders: ['base', 'language', 'runtime', 'protocol'],
    packages: ['@vscode/debugprotocol'],
    node: [],
  },
  testing: {
    sentence: 'testing/ runs the tests of flows in a process of its own: no queue, no agent, no shell.',
    folders: ['base', 'language', 'interchange', 'files', 'runtime', 'protocol'],
    packages: [],
    node: [''],
  },
  orchestration: {
    sentence:
      'orchestration/ owns runs, queues and their store: base and the vocabulary of protocol/; node:* and databases only in the store.',
    folders: ['base', 'protocol'],
    packages: ['croner', 'pg'],
    node: ['sqlite', 'store/'],
  },
  protocol: {
    sentence: 'protocol/ holds what crosses a process: base only, zod to validate; no node:*.',
    folders: ['base'],
    packages: ['zod/mini'],
    node: [],
  },
  launch: {
    sentence:
      'launch/ finds and starts the agent for a shell: base, protocol, node:*, ws and zod; no shell, no agent, no language.',
    folders: ['base', 'protocol'],
    packages: ['ws', 'zod/mini'],
    node: [''],
  },
  assistants: {
    sentence:
      'assistants/ holds the tools that language models are given, and the MCP server: base and protocol; what they do with text and machines is passed in by a shell.',
    folders: ['base', 'protocol'],
    packages: ['zod/mini'],
    node: [],
  },
  server: {
    sentence:
      'server/ is the language-server process: base, language, interchange, files, protocol and the LSP packages; no vscode, runtime, agent, extension.',
    folders: ['base', 'language', 'interchange', 'files', 'protocol'],
    packages: ['vscode-languageserver', 'vscode-languageserver/node', 'vscode-languageserver-textdocument'],
    node: [''],
  },
  agent: {
    sentence: 'agent/ is the service and its workers: all but server, extension, cli and vscode.',
    folders: [
      'base',
      'language',
      'interchange',
      'files',
      'runtime',
      'debug',
      'orchestration',
      'protocol',
      'launch',
    ],
    packages: ['ws'],
    node: [''],
  },
  extension: {
    sentence:
      'extension/ is the VS Code side: base, protocol, launch, assistants, vscode and the language client; everything about text is asked of the server.',
    folders: ['base', 'protocol', 'launch', 'assistants'],
    packages: ['vscode', 'vscode-languageclient', 'vscode-languageclient/node', 'ws'],
    node: [''],
  },
  cli: {
    sentence:
      'cli/ is a thin shell over the same modules: all but vscode, extension, server and agent (it talks to the agent by its link).',
    folders: ['base', 'language', 'interchange', 'files', 'protocol', 'launch', 'assistants'],
    packages: ['ws'],
    node: [''],
  },
};

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` at the start of a line; `import('x')` and `require('x')` anywhere. */
const importPattern =
  /^(?:import|export)\s(?:[\w$*{},\s]*?\sfrom\s+)?['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm;

/** Every broken rule in `text` of the file `path` (relative to src/, with forward slashes). */
function brokenRules(path: string, text: string): string[] {
  const folder = path.split('/')[0] as string;
  const rule = rules[folder];
  if (!rule)
    return [
      `${path}: src/${folder} has no import rule. Add one to test/architecture.test.ts and docs/architecture.md.`,
    ];
  const inside = path.slice(folder.length + 1);
  const broken: string[] = [];
  for (const [, statement, call] of text.matchAll(importPattern)) {
    const specifier = statement ?? call;
    if (specifier === undefined || allowed(specifier)) continue;
    broken.push(`${path} imports '${specifier}'. Rule: ${rule.sentence}`);
  }
  return broken;

  function allowed(specifier: string): boolean {
    if (specifier.startsWith('.')) {
      const target = posix.normalize(posix.join(posix.dirname(path), specifier)).split('/')[0] as string;
      return target === folder || (rule as Rule).folders.includes(target);
    }
    if (specifier.startsWith('node:')) return (rule as Rule).node.some((prefix) => inside.startsWith(prefix));
    return (rule as Rule).packages.includes(specifier);
  }
}

function sourceFiles(): string[] {
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name))
    .map((entry) => relative(source, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

describe('import rules', () => {
  it('hold in every file of src/', () => {
    const files = sourceFiles();
    expect(files.length).toBeGreaterThan(40);
    expect(files.flatMap((path) => brokenRules(path, readFileSync(join(source, path), 'utf8')))).toEqual([]);
  });

  it.each([
    ['language/parser.ts', `import { readFileSync } from 'node:fs';`],
    ['language/parser.ts', `import type { Run } from '../protocol/run.ts';`],
    ['runtime/compile.ts', `import { join } from 'node:path';`],
    ['orchestration/rules.ts', `import { DatabaseSync } from 'node:sqlite';`],
    ['protocol/run.ts', `export * from '../language/syntax.ts';`],
    ['extension/main.ts', `const { parse } = await import('../language/syntax/parser.ts');`],
    ['cli/main.ts', `import * as vscode from 'vscode';`],
    ['server/main.ts', `import { createRun } from '../runtime/run.ts';`],
    ['base/clock.ts', `const fs = require('fs');`],
    ['newfolder/file.ts', ''],
  ])('name the broken rule for %s: %s', (path, text) => {
    const broken = brokenRules(path, text);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toMatch(/Rule: .+|has no import rule/);
  });

  it('allow what the table allows', () => {
    expect(brokenRules('runtime/actions/file.ts', `import { readFile } from 'node:fs/promises';`)).toEqual(
      [],
    );
    expect(brokenRules('agent/worker/main.ts', `import { createRun } from '../../runtime/run.ts';`)).toEqual(
      [],
    );
  });

  it('keep time and chance out of orchestration/ (they are arguments there)', () => {
    const forbidden =
      /\bDate\.now\b|\bnew Date\(\)|\bsetTimeout\b|\bsetInterval\b|\bMath\.random\b|\brandomUUID\b/;
    for (const path of sourceFiles().filter((file) => file.startsWith('orchestration/'))) {
      expect(readFileSync(join(source, path), 'utf8'), path).not.toMatch(forbidden);
    }
  });
});
