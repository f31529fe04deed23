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

// SignatureHeader is the header of a delivery that carries its signature, for [VerifyWebhook].
const SignatureHeader = "X-AxonPush-Signature"

// VerifyWebhook says whether signature, the value of [SignatureHeader], belongs to the exact bytes of body
// under the endpoint's secret. The comparison takes constant time. The result is false for anything else,
// such as an empty secret.
//
// A signature has no timestamp, so it cannot tell a delivery from a replay of it: refuse bodies that you have
// seen before.
func VerifyWebhook(secret string, body []byte, signature string) bool {
	if strings.IndexByte(secret, 0) >= 0 || strings.IndexByte(signature, 0) >= 0 {
		return false
	}
	key, sign := C.CString(secret), C.CString(signature)
	defer C.free(unsafe.Pointer(key))
	defer C.free(unsafe.Pointer(sign))
	return bool(C.axonpush_webhook_verify(key, startOf(body), C.size_t(len(body)), sign))
}

// SignWebhook returns the signature of body under secret: HMAC-SHA256 in lower-case hex. It returns "" for a
// secret that is empty or contains a NUL character.
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
