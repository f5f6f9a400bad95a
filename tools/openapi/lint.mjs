// Lints api/openapi.yaml with everything it refers to; prints one line a finding, exit status 1 when there are any.
import { createConfig, lint } from '@redocly/openapi-core';
import { fileURLToPath } from 'node:url';

const document = fileURLToPath(new URL('../../api/openapi.yaml', import.meta.url));
const config = await createConfig({
  extends: ['recommended'],
  rules: {
    // The path in the table of openapi.yaml is what counts; loopback is the default port's address.
    'no-server-example.com': 'off',
    'operation-4xx-response': 'error',
    'operation-operationId': 'error',
    'no-ambiguous-paths': 'error',
    'no-unused-components': 'off',
  },
});
const findings = await lint({ ref: document, config });
for (const finding of findings) {
  const { source, pointer } = finding.location[0];
  console.log(`${finding.severity}: ${source.absoluteRef} ${pointer ?? ''}: ${finding.message} (${finding.ruleId})`);
}
process.exit(findings.length > 0 ? 1 : 0);
