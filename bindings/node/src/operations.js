import { ENVIRONMENT, TRACE_QUERY, WEBHOOK } from './layout.js';

// The service's operations other than those on events: the C functions of docs/operations.md, with their parameters.
// test/resources.test.js compares this table with that page.

/**
 * @typedef {{name: string, struct?: import('./layout.js').Struct, json?: boolean}} Parameter a string, unless it has a struct or is JSON
 * @typedef {object} Operation
 * @property {string} name the name of the C function, without "axonpush_"
 * @property {string} resource
 * @property {string} verb
 * @property {Parameter[]} parameters
 * @property {string} [list] the member of the response that is the list
 */

const environment = { name: 'environment', struct: ENVIRONMENT };
const webhook = { name: 'webhook', struct: WEBHOOK };
const query = { name: 'query', struct: TRACE_QUERY };
const changes = { name: 'changes', json: true };

/** @type {Operation[]} */
export const OPERATIONS = [
  operation('apps_list', [], 'apps'),
  operation('apps_create', ['name']),
  operation('apps_get', ['appId']),
  operation('apps_update', ['appId', 'name']),
  operation('apps_delete', ['appId']),
  operation('channels_list', ['appId'], 'channels'),
  operation('channels_create', ['appId', 'name']),
  operation('channels_get', ['appId', 'channelId']),
  operation('channels_update', ['appId', 'channelId', 'name']),
  operation('channels_delete', ['appId', 'channelId']),
  operation('environments_list', [], 'environments'),
  operation('environments_create', [environment]),
  operation('environments_update', ['slug', environment]),
  operation('environments_delete', ['slug']),
  operation('environments_promote', ['slug']),
  operation('webhooks_create', [webhook]),
  operation('webhooks_list', ['channelId'], 'data'),
  operation('webhooks_delete', ['endpointId']),
  operation('webhooks_deliveries', ['endpointId'], 'data'),
  operation('traces_list', [query], 'traces'),
  operation('traces_get', ['traceId']),
  operation('organizations_list', [], 'organizations'),
  operation('organizations_get', []),
  operation('organizations_update', [changes]),
  operation('organizations_delete', ['orgId']),
  operation('organizations_invite', ['orgId', 'invitedEmail', 'role']),
  operation('organizations_cancel_invitation', ['orgId', 'invitationId']),
  operation('organizations_remove_member', ['orgId', 'userId']),
  operation('organizations_transfer_ownership', ['orgId', 'userId']),
  operation('organizations_leave', ['orgId']),
  operation('capabilities_get', []),
  operation('health_get', []),
];

/**
 * @param {string} name
 * @param {(string | Parameter)[]} parameters
 * @param {string} [list]
 * @returns {Operation}
 */
function operation(name, parameters, list) {
  const [resource, ...verb] = name.split('_');
  return {
    name,
    resource,
    verb: verb.map((word, n) => (n === 0 ? word : word[0].toUpperCase() + word.slice(1))).join(''),
    parameters: parameters.map((parameter) => (typeof parameter === 'string' ? { name: parameter } : parameter)),
    list,
  };
}
