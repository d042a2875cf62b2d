package app

import (
	"net/http"

	"gyrfalcon/session"
)

// visits is how often the visitor has looked at the shop in this session.
const visits session.Key[int] = "visits"

// product is something that the shop sells.
type product struct {
	ID    string // in forms, in the basket, and of its picture
	Name  string
	Price int // pence
	Text  string
}

// catalogue is in the order in which it is shown.
var catalogue = []product{
	{"hood", "Hood", 3800, "Blocked leather with a plume to lift it by. What a bird does not see does not trouble her."},
	{"glove", "Gauntlet", 6400, "Double deerskin to the elbow, sewn for the left hand, where the bird sits."},
	{"jesses", "Anklets and jesses", 1450, "Soft straps for both legs, greased once and supple for years."},
	{"bells", "Pair of bells", 1900, "Two bells a semitone apart carry further than two that agree."},
	{"lure", "Swing lure", 2200, "A leather horseshoe on six feet of line. She will think it is a duck."},
	{"creance", "Creance", 1250, "Thirty metres of braided line on a turned stick, for the first free flights."},
	{"perch", "Bow perch", 8500, "A steel bow with a padded top. It folds flat and stands on grass."},
	{"bath", "Bath pan", 3400, "Wide, shallow and heavy enough to stay where it is put."},
}

// findProduct returns the product of that ID, or nil.
func findProduct(id string) *product {
	for i := range catalogue {
		if catalogue[i].ID == id {
			return &catalogue[i]
		}
	}
	return nil
}

// showShop counts the visit. Update, not Get and Set: two tabs that load at once are
// two visits.
func (s *Site) showShop(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	count := visits.Get
	if r.Method == http.MethodGet && !v.Info().Superseded {
		count = func(v session.Variables) (int, error) {
			return visits.Update(v, func(n int) int { return n + 1 })
		}
	}
	n, err := count(v)
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "shop", "Falconry equipment", struct {
		Visits   int
		Products []product
	}{n, catalogue})
}
