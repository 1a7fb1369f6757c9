package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"translocal/act"
	"translocal/fault"
	"translocal/web/page"
	"translocal/webhook"
)

func (s *Server) webhookRoutes() []route {
	return []route{
		{"GET /p/{place}/webhooks", s.webhooks},
		{"POST /p/{place}/webhooks", s.addWebhook},
		{"GET /p/{place}/webhooks/{hook}", s.webhookLog},
		{"POST /p/{place}/webhooks/{hook}/do", s.doWebhook},
	}
}

func (s *Server) webhooks(w http.ResponseWriter, r *http.Request) error {
	return s.showWebhooks(w, r, http.StatusOK, page.Form{}, "")
}

func (s *Server) showWebhooks(w http.ResponseWriter, r *http.Request, code int, form page.Form, secret string) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	list, err := s.Webhooks.List(r.Context(), viewer(r), p.Stream)
	if err != nil {
		return err
	}
	return s.render(w, r, code, page.Webhooks(s.frame(r, t(r, "webhook.title")), p, list, form, secret))
}

// addWebhook shows the secret on the page that answers: it is not shown again.
func (s *Server) addWebhook(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	_, secret, err := s.Webhooks.Add(r.Context(), viewer(r), p.Stream, form.Value("address"), form.Values["events"])
	if err != nil {
		code := status(fault.KindOf(err))
		if err := again(r, &form, err); err != nil {
			return err
		}
		return s.showWebhooks(w, r, code, form, "")
	}
	return s.showWebhooks(w, r, http.StatusOK, page.Form{}, secret)
}

func (s *Server) webhookLog(w http.ResponseWriter, r *http.Request) error {
	p, err := s.placeOf(r)
	if err != nil {
		return err
	}
	list, err := s.Webhooks.Log(r.Context(), viewer(r), p.Stream, r.PathValue("hook"))
	if err != nil {
		return err
	}
	return s.show(w, r, page.WebhookLog(s.frame(r, t(r, "webhook.log")), p, list))
}

func (s *Server) doWebhook(w http.ResponseWriter, r *http.Request) error {
	p, form, err := s.placeForm(w, r)
	if err != nil {
		return err
	}
	ctx, v, id := r.Context(), viewer(r), r.PathValue("hook")
	said := "said.webhook_saved"
	switch form.Value("do") {
	case "try":
		said, err = "said.webhook_tried", s.Webhooks.Try(ctx, v, p.Stream, id)
	case "on", "off":
		err = s.Webhooks.Switch(ctx, v, p.Stream, id, form.Value("do") == "on")
	case "remove":
		err = s.Webhooks.Remove(ctx, v, p.Stream, id)
	default:
		err = fault.At("do", "fault.choice")
	}
	if err != nil {
		return err
	}
	return after(w, r, s.path(p.ID)+"/webhooks", said)
}

// WebhookPath is a webhook in the path of an operation.
type WebhookPath struct {
	StreamPath
	Webhook string `path:"webhook" doc:"Its id"`
}

// WebhookMade is a webhook that was just made.
type WebhookMade struct {
	ID     string `json:"id"`
	Secret string `json:"secret" doc:"Verifies what comes; shown only now"`
}

func (s *Server) webhookAPI(api huma.API) {
	operate(api, "GET", "/places/{stream}/webhooks", "webhooks", "Addresses that are told of what a place publishes",
		func(ctx context.Context, in *StreamPath) (*struct{ Body []webhook.Hook }, error) {
			list, err := s.Webhooks.List(ctx, viewerIn(ctx), in.stream())
			return &struct{ Body []webhook.Hook }{list}, err
		})
	operate(api, "POST", "/places/{stream}/webhooks", "add-webhook", "Tell an address of what a place publishes; with a session, never with a token",
		func(ctx context.Context, in *struct {
			StreamPath
			Body struct {
				Address string   `json:"address" doc:"https:// and a public host"`
				Events  []string `json:"events" maxItems:"10" doc:"text.published, outcome, deed, warning"`
			}
		}) (*struct{ Body WebhookMade }, error) {
			id, secret, err := s.Webhooks.Add(ctx, viewerIn(ctx), in.stream(), in.Body.Address, in.Body.Events)
			if err != nil {
				return nil, err
			}
			return &struct{ Body WebhookMade }{WebhookMade{id, secret}}, nil
		})
	operate(api, "GET", "/places/{stream}/webhooks/{webhook}/deliveries", "webhook-deliveries", "Messages to an address, the newest first",
		func(ctx context.Context, in *WebhookPath) (*struct{ Body []webhook.Delivery }, error) {
			list, err := s.Webhooks.Log(ctx, viewerIn(ctx), in.stream(), in.Webhook)
			return &struct{ Body []webhook.Delivery }{list}, err
		})
	operate(api, "POST", "/places/{stream}/webhooks/{webhook}/try", "try-webhook", "Send a message that says nothing",
		func(ctx context.Context, in *WebhookPath) (*none, error) {
			return nil, s.Webhooks.Try(ctx, viewerIn(ctx), in.stream(), in.Webhook)
		})
	operate(api, "PUT", "/places/{stream}/webhooks/{webhook}/active", "switch-webhook", "Switch an address on or off",
		func(ctx context.Context, in *struct {
			WebhookPath
			Body struct {
				Active bool `json:"active"`
			}
		}) (*none, error) {
			return nil, s.Webhooks.Switch(ctx, viewerIn(ctx), act.Fingerprint(in.Stream), in.Webhook, in.Body.Active)
		})
	operate(api, "DELETE", "/places/{stream}/webhooks/{webhook}", "remove-webhook", "Forget an address and its log",
		func(ctx context.Context, in *WebhookPath) (*none, error) {
			return nil, s.Webhooks.Remove(ctx, viewerIn(ctx), in.stream(), in.Webhook)
		})
}
