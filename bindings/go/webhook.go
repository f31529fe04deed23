package axonpush

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"strings"
	"unsafe"
)

// SignatureHeader is the header of a delivery that has its signature, for [VerifyWebhook].
const SignatureHeader = "X-AxonPush-Signature"

// VerifyWebhook says whether signature, the value of [SignatureHeader], is that of the exact bytes of body
// under the endpoint's secret. It is compared in constant time. False for anything else, an empty secret
// included.
//
// The scheme has no timestamp: what a signature does not say is when. Refuse bodies that you have seen.
func VerifyWebhook(secret string, body []byte, signature string) bool {
	if strings.IndexByte(secret, 0) >= 0 || strings.IndexByte(signature, 0) >= 0 {
		return false
	}
	key, sign := C.CString(secret), C.CString(signature)
	defer C.free(unsafe.Pointer(key))
	defer C.free(unsafe.Pointer(sign))
	return bool(C.axonpush_webhook_verify(key, startOf(body), C.size_t(len(body)), sign))
}

// SignWebhook is the signature of body under secret: HMAC-SHA256 as lower-case hex. "" for a secret that is
// empty or has a NUL character in it.
func SignWebhook(secret string, body []byte) string {
	if strings.IndexByte(secret, 0) >= 0 {
		return ""
	}
	key := C.CString(secret)
	defer C.free(unsafe.Pointer(key))
	var out [65]C.char
	if !C.axonpush_webhook_sign(key, startOf(body), C.size_t(len(body)), &out[0]) {
		return ""
	}
	return C.GoString(&out[0])
}

func startOf(body []byte) unsafe.Pointer {
	if len(body) == 0 {
		return nil
	}
	return unsafe.Pointer(&body[0])
}
