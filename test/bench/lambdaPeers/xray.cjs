// A function with a subsegment of the X-Ray SDK around its handler, and all HTTP calls captured.
const { captureAsyncFunc, captureHTTPsGlobal } = require('aws-xray-sdk-core');

captureHTTPsGlobal(require('node:http'));
captureHTTPsGlobal(require('node:https'));

exports.wrap = (handler) => (event, context) =>
  captureAsyncFunc('handler', async (subsegment) => {
    try {
      return await handler(event, context);
    } catch (error) {
      subsegment?.addError(error);
      throw error;
    } finally {
      subsegment?.close();
    }
  });
