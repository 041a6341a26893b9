// Reads {policies: [[statement, ...], ...], requests: [[policy, action, resource, context], ...]} and prints a list of booleans.
// Runs in a process of its own: the simulator is under the AGPL and is no part of this project.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(`${process.argv[2]}/`)
const { runSimulation } = require('@cloud-copilot/iam-simulate')
const { policies, requests } = JSON.parse(readFileSync(0, 'utf8'))
const answers = []
for (const [policy, action, resource, contextVariables] of requests) {
  const answer = await runSimulation(
    {
      request: {
        principal: 'arn:aws:iam::111122223333:role/flow',
        action,
        resource: { resource, accountId: '111122223333' },
        contextVariables,
      },
      identityPolicies: [{ name: 'own', policy: { Version: '2012-10-17', Statement: policies[policy] } }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  )
  if (answer.resultType === 'error') throw new Error(JSON.stringify(answer.errors))
  answers.push(answer.overallResult === 'Allowed')
}
console.log(JSON.stringify(answers))
