// Runs every code block of README.md, exactly as printed and in order, in an empty folder that only the page's own words set up.
// What is not the page's: `$checkout`, which is a copy of the parts of the checkout that the page uses, so that nothing is installed into
// the real one; the server that AXONPUSH_BASE_URL names; and stand-ins for the models of OpenAI and Anthropic.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { copyOfCheckout, DevServer } from './helpers.js';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const EXTRACT = fileURLToPath(new URL('../../../tests/readme-blocks/extract', import.meta.url));
/** @type {{number: number, line: number, lang: string, heading: string, code: string}[]} */
const blocks = JSON.parse(execFileSync(EXTRACT, [README], { encoding: 'utf8' }));

/** The names that the page tells the reader to save blocks by, by the block's number; the others are not mentioned again. */
const SAVED_AS = new Map(blocks.map(({ number, heading, lang }) => [number, { Quickstart: 'quickstart.js', 'Closing, and the end of the process': 'using.ts' }[heading] ?? `block-${number}.${lang}`]));

/** What a block prints, and how many events it leaves at the service, by its heading; without an entry it is enough that it runs. */
const PRINTS = {
  Quickstart: [/^published evt_.*3 of 3 background events were delivered\n$/s, 4],
  'The result of an enqueued event': [/^$/, 1000],
  'Model calls, tool calls, agent runs': [/^$/, 1],
  'Deadlines and cancellation': [/^step\n$/, 1],
  Traces: [/^to send with a request of your own: 00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01\n$/, 1],
  'Reading, and everything else': [/^order\.shipped\n\{ order: 4711 \}\n1 1\n\{/, 1],
  Webhooks: [/^204\n$/, 0],
  Logs: [/^$|"msg":"late"/, 1],
  LangChain: [/^sunny in Rome\n$/, 2],
  'OpenAI Agents': [/^Sunny\.\n$/, 2],
  Anthropic: [/^$/, 5],
  'Errors, and fail-open': [/^AXONPUSH_ERR_NOT_FOUND 404\n/, 0],
  'The library’s log': [/^axonpush debug: /, 1],
};

const FRAMEWORKS = ['LangChain', 'OpenAI Agents', 'Anthropic'];

let folder, project, server, models;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'axonpush-readme-'));
  project = join(folder, 'project');
  mkdirSync(project);
  copyOfCheckout(join(folder, 'check out'));
  server = await DevServer.start();
  models = createServer((request, response) => {
    const body = request.url.endsWith('/messages')
      ? { id: 'm', type: 'message', role: 'assistant', model: 'claude', stop_reason: 'tool_use', usage: { input_tokens: 5, output_tokens: 7 },
          content: [{ type: 'text', text: 'Let me see.' }, { type: 'tool_use', id: 'tu_1', name: 'weather', input: { city: 'Rome' } }] }
      : { id: 'r', object: 'response', status: 'completed', model: 'gpt', usage: { input_tokens: 5, output_tokens: 7, total_tokens: 12 },
          output: [{ type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Sunny.', annotations: [] }] }] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => models.listen(0, '127.0.0.1', () => resolve(undefined)));
});
after(() => {
  server.stop();
  models.close();
  rmSync(folder, { recursive: true });
});

/** @param {string[]} command */
function run(command) {
  const url = `http://127.0.0.1:${models.address().port}`;
  const env = {
    ...process.env,
    checkout: join(folder, 'check out'),
    AXONPUSH_API_KEY: 'ak_demo',
    AXONPUSH_BASE_URL: server.url,
    ANTHROPIC_API_KEY: 'x', ANTHROPIC_BASE_URL: url,
    OPENAI_API_KEY: 'x', OPENAI_BASE_URL: url,
    npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false',
  };
  delete env.AXONPUSH_LIBRARY; // The page says how it is found.
  return new Promise((resolve) =>
    execFile(command[0], command.slice(1), { cwd: project, env, timeout: 300_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    ),
  );
}

for (const block of blocks) {
  test(`README.md:${block.line} (${block.lang}, ${block.heading})`, async () => {
    await server.reset();
    const name = SAVED_AS.get(block.number);
    let end;
    if (block.lang === 'sh') {
      end = await run(['bash', '-euo', 'pipefail', '-c', block.code]);
    } else {
      writeFileSync(join(project, name), block.code);
      if (block.lang === 'ts') return; // The next block compiles and runs it.
      assert.equal(block.lang, 'js', 'the tests know how to run it');
      end = await run([process.execPath, name]);
      // The frameworks have their own things to say, such as that a model is to be retired.
      if (FRAMEWORKS.includes(block.heading)) assert.doesNotMatch(end.stderr, /axonpush|Unhandled|Error/i);
      else assert.equal(end.stderr, '', 'no warnings');
      const [prints, events] = PRINTS[block.heading.replace("'", '’')] ?? assert.fail(`say in PRINTS what the block under "${block.heading}" does`);
      assert.match(end.stdout, prints);
      assert.equal(await server.stored(), events, 'events at the service');
    }
    assert.equal(end.code, 0, `${end.stdout}\n${end.stderr}`);
  });
}

test('the shell blocks have done what the page says', async () => {
  await server.reset();
  const quickstart = await run([process.execPath, 'quickstart.js']);
  assert.match(quickstart.stdout, PRINTS.Quickstart[0]);
  assert.equal((await run([process.execPath, 'using.js'])).stdout, 'delivered and closed\n');
  assert.equal(await server.stored(), 5);
});

test('the blocks are read as the extractor says', () => {
  assert.match(execFileSync(EXTRACT, ['--self-test'], { encoding: 'utf8' }), /^ok: 4 blocks/);
});

test('the example in the folder examples is that of the page', () => {
  const example = readFileSync(new URL('../examples/quickstart.js', import.meta.url), 'utf8');
  assert.equal(blocks.find(({ lang, heading }) => lang === 'js' && heading === 'Quickstart')?.code, example);
});
