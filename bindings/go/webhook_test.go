package axonpush_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func TestSignaturesOfRFC4231(t *testing.T) {
	for _, c := range []struct{ key, body, want string }{
		{strings.Repeat("\x0b", 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	} {
		if got := axonpush.SignWebhook(c.key, []byte(c.body)); got != c.want {
			t.Errorf("%q: %s", c.body, got)
		}
	}
}

func TestSignaturesAreThoseOfGo(t *testing.T) {
	for n := 0; n < 200; n += 7 {
		secret := "whsec_" + strings.Repeat("k", n)
		body := bytes.Repeat([]byte{0, 'x', 0xff}, n)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		want := hex.EncodeToString(mac.Sum(nil))
		if got := axonpush.SignWebhook(secret, body); got != want {
			t.Fatalf("%d: %s instead of %s", n, got, want)
		}
		if !axonpush.VerifyWebhook(secret, body, want) {
			t.Fatalf("%d: not verified", n)
		}
		if axonpush.VerifyWebhook(secret, append(body, 'x'), want) || axonpush.VerifyWebhook(secret+"x", body, want) {
			t.Fatalf("%d: another body or secret", n)
		}
	}
}

func TestWhatIsNoSignature(t *testing.T) {
	body := []byte("{}")
	good := axonpush.SignWebhook("s", body)
	for _, bad := range []string{"", "x", strings.ToUpper(good), good + " ", good + "\x00", good[:63], "sha256=" + good, strings.Repeat("0", 64)} {
		if axonpush.VerifyWebhook("s", body, bad) {
			t.Errorf("%q", bad)
		}
	}
	if axonpush.VerifyWebhook("", body, good) || axonpush.VerifyWebhook("s\x00", body, good) {
		t.Error("another secret")
	}
	if axonpush.SignWebhook("", body) != "" || axonpush.SignWebhook("s\x00t", body) != "" {
		t.Error("signed with no secret")
	}
}

func ExampleVerifyWebhook() {
	const secret = "whsec_of_the_endpoint" // what Webhooks.Create returned
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || !axonpush.VerifyWebhook(secret, body, r.Header.Get(axonpush.SignatureHeader)) {
			http.Error(w, "bad signature", http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})

	body := `{"eventType":"agent.end"}`
	delivery := httptest.NewRequest("POST", "/hook", strings.NewReader(body))
	delivery.Header.Set(axonpush.SignatureHeader, axonpush.SignWebhook(secret, []byte(body)))
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, delivery)
	fmt.Println(response.Code)
	// Output: 204
}
