// A function wrapped by Powertools' tracer: what its decorator does to a method, done to a function.
const { Tracer } = require('@aws-lambda-powertools/tracer');

const tracer = new Tracer({ serviceName: 'bench' });

exports.wrap = (value) => tracer.captureLambdaHandler()(undefined, 'handler', { value }).value;
