// Runs the execution role generator of the Serverless plugin on definitions.
//   node peer.js plugin|module once FILE            compiles one file and prints 1, or 0 when it could not
//   node peer.js plugin|module rate PASSES FILE...  prints, as JSON, the seconds of the best pass and the files it refused
// `plugin` loads the plugin as the framework does, `module` nothing but the part that is compared. The files hold
// definitions in JSON. NODE_PATH leads to the installed plugin.
'use strict';

const fs = require('node:fs');

const PACKAGE = 'serverless-step-functions';
const [loaded, mode, ...rest] = process.argv.slice(2);
const passes = mode === 'rate' ? Number(rest.shift()) : 0;
const files = rest;

const provider = {
  getRegion: () => 'us-east-1',
  getStage: () => 'dev',
  naming: { getNormalizedFunctionName: (name) => name.replace(/[^A-Za-z0-9]/g, '') },
};
const serverless = {
  service: { service: 'bench', provider: { name: 'aws' }, functions: {} },
  utils: { readFileSync: (path) => fs.readFileSync(path, 'utf8').trim() },
  cli: { consoleLog: () => {} },
  configSchemaHandler: { defineTopLevelProperty: () => {}, defineFunctionEvent: () => {}, schema: {} },
  getProvider: () => provider,
};
provider.serverless = serverless;

function load() {
  if (loaded === 'plugin') {
    const Plugin = require(PACKAGE);
    return new Plugin(serverless, { stage: 'dev', region: 'us-east-1' });
  }
  const inner = `${PACKAGE}/lib`;
  const parts = ['deploy/stepFunctions/compileIamRole', 'naming', 'yamlParser'].map((part) => require(`${inner}/${part}`));
  return Object.assign({ serverless, provider }, ...parts);
}

const plugin = load();

// One definition, from its text to the role in the template.
function compile(text) {
  serverless.service.stepFunctions = { stateMachines: { machine: { name: 'machine', definition: JSON.parse(text) } } };
  serverless.service.provider.compiledCloudFormationTemplate = { Resources: {} };
  plugin.compileIamRole();
  return Object.keys(serverless.service.provider.compiledCloudFormationTemplate.Resources).length;
}

function works(text) {
  try {
    return compile(text) === 1;
  } catch {
    return false;
  }
}

const texts = files.map((file) => fs.readFileSync(file, 'utf8'));
if (mode === 'once') {
  console.log(texts.filter(works).length);
} else {
  // One file alone is known to work: a pass over the largest takes more than a minute.
  const refused = files.length > 1 ? files.filter((_, index) => !works(texts[index])) : [];
  const usable = texts.filter((_, index) => !refused.includes(files[index]));
  const seconds = [];
  for (let round = 0; round < passes; round += 1) {
    const start = process.hrtime.bigint();
    usable.forEach(compile);
    seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
  }
  console.log(JSON.stringify({ seconds: Math.min(...seconds), refused }));
}
